using System.Globalization;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Aspire.Hosting.Tests.Publishing;

public sealed class GatewayPublishTests
{
    private const string SchemaVariable = "GATEWAY_API_CRDS";

    [Fact]
    public async Task A_step_of_the_pipeline_writes_a_file_for_each_balancer_and_warns()
    {
        using var app = new PublishedApp("gateway-api");
        var catalog = app.AddCatalog();
        app.Builder.AddLayer7LoadBalancer("edge", port: 80)
            .WithRoute("/about", catalog, r => r.WithCache(TimeSpan.FromSeconds(30)))
            .PublishAsGatewayApi("eg", gateway => gateway.WithNamespace("shop"));
        app.Builder.AddLayer4LoadBalancer("wire")
            .WithTcpListener("web", 7000, catalog.GetEndpoint("http"))
            .PublishAsGatewayApi("eg", gateway => gateway.WithService(catalog.GetEndpoint("http"), "my-catalog", 81));

        await app.RunAsync();

        Assert.Equal(
            """
            # Load balancer 'edge' as resources of the Kubernetes Gateway API 1.6, standard channel.
            # Written from the AppHost by LoadBalancer.Aspire.Hosting; the next publish writes it anew.
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata:
              name: edge
              namespace: shop
            spec:
              gatewayClassName: eg
              listeners:
                - name: http
                  port: 80
                  protocol: HTTP
            ---
            # route 'about': Cache is not mapped: answers are not cached
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata:
              name: edge-about
              namespace: shop
            spec:
              parentRefs:
                - name: edge
              rules:
                - matches:
                    - path:
                        type: Exact
                        value: /about
                  backendRefs:
                    - name: catalog-service
                      port: 8080

            """.ReplaceLineEndings("\n"),
            await app.ReadAsync("gateway-api/edge.yaml"));
        Assert.Contains("    - name: my-catalog\n          port: 81\n", await app.ReadAsync("gateway-api/wire.yaml"), StringComparison.Ordinal);
        Assert.Equal("Load balancer 'edge' as a Gateway: route 'about': Cache is not mapped: answers are not cached", Assert.Single(app.Warnings));
    }

    [Fact]
    public async Task Aspires_publish_runs_the_step()
    {
        using var app = new PublishedApp("publish");
        app.Builder.AddLayer7LoadBalancer("edge", port: 80).WithRoute("/{**path}", app.AddCatalog()).PublishAsGatewayApi("eg");

        await app.RunAsync();

        Assert.True(File.Exists(Path.Combine(app.Folder, "gateway-api", "edge.yaml")));
    }

    [Fact]
    public async Task A_gateway_is_no_container_and_who_references_it_is_given_a_host_of_who_deploys()
    {
        using var app = new PublishedApp();
        var edge = app.Builder.AddLayer7LoadBalancer("edge", port: 80).WithRoute("/{**path}", app.AddCatalog()).PublishAsGatewayApi("eg");
        app.Builder.AddContainer("shop", "shop")
            .WithReference(edge)
            .WithEnvironment("AT", ReferenceExpression.Create($"{edge.Resource.HttpEndpoint.Property(EndpointProperty.HostAndPort)}/x"));

        var manifest = await app.ManifestAsync();

        Assert.DoesNotContain("edge", manifest);
        Assert.False(Directory.Exists(Path.Combine(app.Folder, "edge.container")));
        Assert.Equal("http://{edge-gateway-host.value}:80", manifest["shop"]!["env"]!["services__edge__http__0"]!.GetValue<string>());
        Assert.Equal("{edge-gateway-host.value}:80/x", manifest["shop"]!["env"]!["AT"]!.GetValue<string>());
        Assert.Equal("parameter.v0", manifest["edge-gateway-host"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Ports_and_services_that_had_to_be_chosen_are_told()
    {
        using var app = new PublishedApp("gateway-api");
        var program = app.Builder.AddProgram("program").WithEndpoint(name: "tcp", scheme: "tcp", targetPort: 5000);
        var echo = app.Builder.AddContainer("echo", "echo").WithEndpoint(name: "tcp", scheme: "tcp");
        app.Builder.AddLayer4LoadBalancer("wire")
            .WithTcpListener("program", null, program.GetEndpoint("tcp"))
            .WithTcpListener("echo", null, echo.GetEndpoint("tcp"))
            .PublishAsGatewayApi("eg");

        await app.RunAsync();

        Assert.Equal(
            [
                "'program' is not published as a container; the cluster must have a Service 'program-service' with the port of its endpoint 'tcp'",
                "listener 'echo' has no port of its own and is given 8001; a Gateway has no free ports to choose from",
                "listener 'program' has no port of its own and is given 8000; a Gateway has no free ports to choose from",
                "the port 8000 of the endpoint 'tcp' of 'echo' is one that Aspire chose; give the endpoint a target port to be sure of it",
            ],
            app.Warnings.Select(warning => warning["Load balancer 'wire' as a Gateway: ".Length..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_note_cannot_leave_its_comment()
    {
        using var app = new PublishedApp("gateway-api");
        app.Builder.AddLayer7LoadBalancer("edge", port: 80)
            .WithRoute("/{**path}", app.AddCatalog(), r => r.WithTransform(transform => (transform["QueryValueParameter"], transform["Set"]) = ("a", "1\nkind: Secret")))
            .PublishAsGatewayApi("eg");

        await app.RunAsync();

        Assert.Contains("Set=1 kind: Secret", await app.ReadAsync("gateway-api/edge.yaml"), StringComparison.Ordinal);
        Assert.DoesNotContain(Documents(await app.ReadAsync("gateway-api/edge.yaml")), document => document["kind"]!.GetValue<string>() == "Secret");
    }

    [Fact]
    public void Names_that_a_cluster_does_not_take_are_refused()
    {
        using var app = new PublishedApp("gateway-api");
        var edge = app.Builder.AddLayer7LoadBalancer("edge", port: 80).WithRoute("/{**path}", app.AddCatalog());

        Assert.StartsWith("'My Class' is not the name of a GatewayClass; must be at most 63 lower-case letters, digits and '-', with a letter or digit at both ends.", Assert.Throws<ArgumentException>("gatewayClass", () => edge.PublishAsGatewayApi("My Class")).Message, StringComparison.Ordinal);
        Assert.StartsWith("'a_b' is not the name of a namespace;", Assert.Throws<ArgumentException>("name", () => edge.PublishAsGatewayApi("eg", gateway => gateway.WithNamespace("a_b"))).Message, StringComparison.Ordinal);
        Assert.StartsWith("'edge' has no listener 'https' that ends TLS; it must be added before.", Assert.Throws<ArgumentException>("listener", () => edge.PublishAsGatewayApi("eg", gateway => gateway.WithCertificateSecrets("https", "tls"))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("version", () => edge.PublishAsGatewayApi("eg", gateway => gateway.WithVersion((GatewayApiVersion)9)));
    }

    [Fact]
    public async Task A_balancer_cannot_send_to_a_gateway()
    {
        using var app = new PublishedApp("gateway-api");
        var edge = app.Builder.AddLayer7LoadBalancer("edge", port: 80).WithRoute("/{**path}", app.AddCatalog()).PublishAsGatewayApi("eg");
        app.Builder.AddLayer4LoadBalancer("wire").WithTcpListener("edge", 7000, edge.Resource.HttpEndpoint);

        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(app.RunAsync);

        Assert.StartsWith("Load balancer 'wire' sends to 'edge', which is published as a Gateway;", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_has_the_balancer_as_before()
    {
        var builder = Model.NewBuilder();
        var edge = builder.AddLayer7LoadBalancer("edge", port: 80).PublishAsGatewayApi("eg");

        Assert.Contains(edge.Resource, builder.Resources);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_written_is_valid_by_the_published_schemas(bool isExperimental)
    {
        var folder = Environment.GetEnvironmentVariable(SchemaVariable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"{SchemaVariable} is not set: the folder config/crd of a release of https://github.com/kubernetes-sigs/gateway-api.");
        using var app = new PublishedApp("gateway-api");
        var version = VersionOf(Documents(await File.ReadAllTextAsync(Path.Combine(folder!, "standard", "gateway.networking.k8s.io_gateways.yaml"), TestContext.Current.CancellationToken)).Single());
        AddEverything(app, gateway =>
        {
            gateway.WithVersion(version).WithNamespace("shop");
            if (isExperimental)
            {
                gateway.WithExperimentalChannel();
            }
        });

        await app.RunAsync();

        var documents = await DocumentsOfAsync(app);
        foreach (var document in documents)
        {
            var schema = await SchemaOfAsync(folder!, document, isExperimental);
            Assert.Empty(new JsonRules(schema, isStrict: true).ErrorsOf(document));
            document["spec"]!["something"] = "else";
            Assert.Equal("$.spec.something is no field", Assert.Single(new JsonRules(schema, isStrict: true).ErrorsOf(document)));
        }
    }

    [Fact]
    public async Task What_is_written_is_valid_by_the_schemas_that_npm_has()
    {
        using var schemas = await GatewaySchemas.InstallAsync();
        var documents = new List<JsonNode>();
        foreach (var isExperimental in new[] { false, true })
        {
            using var app = new PublishedApp("gateway-api");
            AddEverything(app, gateway =>
            {
                gateway.WithVersion(GatewaySchemas.Version).WithNamespace("shop");
                if (isExperimental)
                {
                    gateway.WithExperimentalChannel();
                }
            });
            await app.RunAsync();
            documents.AddRange(await DocumentsOfAsync(app));
        }

        Assert.All(await schemas.ErrorsOfAsync(documents), Assert.Empty);
        foreach (var document in documents)
        {
            document["spec"]!.AsObject().Remove("gatewayClassName");
            document["spec"]!["rules"] = "none";
        }

        Assert.All(await schemas.ErrorsOfAsync(documents), (errors, index) =>
            Assert.Equal(documents[index]["kind"]!.GetValue<string>() == "Gateway" ? """/spec required {"missingProperty":"gatewayClassName"}""" : """/spec/rules type {"type":"array"}""", Assert.Single(errors)));
    }

    private static async Task<JsonNode[]> DocumentsOfAsync(PublishedApp app)
    {
        JsonNode[] documents = [.. Documents(await app.ReadAsync("gateway-api/edge.yaml")), .. Documents(await app.ReadAsync("gateway-api/wire.yaml"))];
        Assert.Equal(["Gateway", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"], documents.Select(document => document["kind"]!.GetValue<string>()).Distinct().Order(StringComparer.Ordinal));
        return documents;
    }

    private static void AddEverything(PublishedApp app, Action<GatewayApiBuilder> configure)
    {
        var catalog = app.AddCatalog();
        var http = catalog.GetEndpoint("http");
        var canary = app.Builder.AddContainer("canary", "canary").WithHttpEndpoint(targetPort: 9000).GetEndpoint("http");
        app.Builder.AddLayer7LoadBalancer("edge", port: 80)
            .WithHttpListener(l => l.WithRedirectToHttps())
            .WithHttpsListener(443, l => l.WithCertificate("shop", "shop.pem", serverNames: ["shop.example"]))
            .WithHttpListener("inner", 8081)
            .WithRoute("/auth/{**rest}", http, r => r.WithMethods("GET", "POST").WithHosts("shop.example", "*.shop.example").WithHeader("X-Beta", "1", "yes").WithQuery("v", "2"))
            .WithRoute("/items/{id:int}", http, r => r.WithPathSet("/item").WithHeader("X-Any"))
            .WithRoute("/split/{**rest}", http, r => r.WithSplit(canary, 10).WithMirror(canary, 5).WithSessionAffinity())
            .WithRoute("/slow/{**rest}", http, r => r.WithTimeouts(total: TimeSpan.FromSeconds(90), firstByte: TimeSpan.FromMilliseconds(1500)).WithRetry(attempts: 5))
            .WithRoute("/headers/{**rest}", http, r => r.WithRequestHeader("X-A", "true").WithRequestHeader("X-B", "2", append: true).WithoutRequestHeader("X-C").WithResponseHeader("X-D", "# no comment: this").WithoutResponseHeader("Server"))
            .WithRoute("/{**rest}", http, r => r.WithCache(TimeSpan.FromSeconds(30)))
            .WithPool(http, pool => pool.WithWeight(3).WithBackend(canary, weight: 2))
            .PublishAsGatewayApi("eg", configure);
        app.Builder.AddLayer4LoadBalancer("wire")
            .WithTcpListener("echo", 7000, http)
            .WithUdpListener("dns", 53, app.Builder.AddContainer("dns", "dns").WithEndpoint(name: "dns", scheme: "udp", targetPort: 53, protocol: System.Net.Sockets.ProtocolType.Udp).GetEndpoint("dns"))
            .WithTcpListener("secure", 8443, http, l => l.WithTlsRoute("shop", http, serverNames: ["shop.example", "*.example.org"]).WithTlsRoute("any", canary))
            .PublishAsGatewayApi("eg", configure);
    }

    private static async Task<JsonNode> SchemaOfAsync(string folder, JsonNode document, bool isExperimental)
    {
        var file = $"gateway.networking.k8s.io_{document["kind"]!.GetValue<string>().ToLowerInvariant()}s.yaml";
        var version = document["apiVersion"]!.GetValue<string>().Split('/')[1];
        var path = Path.Combine(folder, "standard", file);
        // Alpha versions are of the experimental channel alone.
        if (isExperimental || version.Contains("alpha", StringComparison.Ordinal))
        {
            path = Path.Combine(folder, "experimental", file);
        }

        var definition = Documents(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).Single();
        var found = definition["spec"]!["versions"]!.AsArray().Single(candidate => candidate!["name"]!.GetValue<string>() == version)!;
        Assert.True(found["served"]!.GetValue<bool>());
        return found["schema"]!["openAPIV3Schema"]!;
    }

    private static GatewayApiVersion VersionOf(JsonNode definition) => definition["metadata"]!["annotations"]!["gateway.networking.k8s.io/bundle-version"]!.GetValue<string>() switch
    {
        var release when release.StartsWith("v1.4.", StringComparison.Ordinal) => GatewayApiVersion.V14,
        var release when release.StartsWith("v1.5.", StringComparison.Ordinal) => GatewayApiVersion.V15,
        _ => GatewayApiVersion.V16,
    };

    private static JsonNode[] Documents(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Select(document => JsonOf(document.RootNode)!)];
    }

    private static JsonNode? JsonOf(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, JsonOf(child.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(JsonOf)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => plain.Value switch
        {
            "true" => true,
            "false" => false,
            "" or "null" or "~" => null,
            var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number % 1 == 0 ? (long)number : number,
            var text => text,
        },
        YamlScalarNode scalar => scalar.Value,
        _ => throw new NotSupportedException(),
    };
}
