using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;

namespace Aspire.Hosting.Tests.Publishing;

public sealed partial class ManifestTests
{
    private const string SchemaVariable = "ASPIRE_MANIFEST_SCHEMA";

    [Fact]
    public async Task The_sample_is_published_with_containers_whose_files_and_references_are_there()
    {
        var (folder, manifest) = await PublishSampleAsync();
        try
        {
            var resources = manifest["resources"]!.AsObject();
            foreach (var name in new[] { "edge", "wire" })
            {
                var container = resources[name]!;
                Assert.Equal("container.v1", container["type"]!.GetValue<string>());
                var context = Path.Combine(folder, container["build"]!["context"]!.GetValue<string>());
                Assert.True(File.Exists(Path.Combine(folder, container["build"]!["dockerfile"]!.GetValue<string>())));
                Assert.True(File.Exists(Path.Combine(context, "server", "LoadBalancer.Server.dll")));
                Assert.True(File.Exists(Path.Combine(context, "loadbalancer.json")));
                Assert.DoesNotContain("admin", container["bindings"]!.AsObject());
                Assert.All(container["bindings"]!.AsObject(), binding => Assert.InRange(binding.Value!["targetPort"]!.GetValue<int>(), 1024, 65535));
            }

            Assert.Equal("{catalog.bindings.http.host}:{catalog.bindings.http.port}", resources["edge"]!["env"]!["Services__catalog__http__0"]!.GetValue<string>());
            Assert.Equal("*:{edge.bindings.http.targetPort}", resources["edge"]!["env"]!["LoadBalancer__Layer7__Listeners__http__Address"]!.GetValue<string>());
            Assert.All(ReferencesIn(manifest), reference => AssertExists(resources, reference));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_sample_is_valid_by_the_manifests_schema()
    {
        var path = Environment.GetEnvironmentVariable(SchemaVariable);
        Assert.SkipWhen(string.IsNullOrEmpty(path), $"{SchemaVariable} is not set: the path of aspire-8.0.json, as json.schemastore.org has it.");
        var (folder, manifest) = await PublishSampleAsync();
        Directory.Delete(folder, recursive: true);
        foreach (var (_, resource) in manifest["resources"]!.AsObject())
        {
            foreach (var (_, binding) in resource!["bindings"]?.AsObject() ?? new JsonObject())
            {
                // Aspire writes this for every endpoint over UDP, ours or not; the schema knows only tcp, http and http2.
                if (binding!["transport"]!.GetValue<string>() == "udp")
                {
                    binding["transport"] = "tcp";
                }
            }
        }

        var schema = JsonNode.Parse(await File.ReadAllTextAsync(path!, TestContext.Current.CancellationToken))!;

        Assert.Empty(new JsonRules(schema, isStrict: false).ErrorsOf(manifest));
        manifest["resources"]!["edge"]!.AsObject().Remove("build");
        Assert.NotEmpty(new JsonRules(schema, isStrict: false).ErrorsOf(manifest));
    }

    [Fact]
    public async Task Secrets_are_parameters_that_every_container_of_the_balancer_shares()
    {
        using var app = new PublishedApp();
        var password = app.Builder.AddParameter("pfx", secret: true);
        app.Builder.AddLayer7LoadBalancer("edge", port: 8080)
            .WithHttpsListener(8443, l => l.WithCertificate("shop", "shop.pfx", password: password))
            .WithRoute("/{**path}", app.AddCatalog());

        var manifest = await app.ManifestAsync();

        var environment = manifest["edge"]!["env"]!;
        Assert.Equal("{edge-admin-token.value}", environment["LoadBalancer__Admin__Token"]!.GetValue<string>());
        Assert.Equal("{edge-affinity-key.value}", environment["LoadBalancer__Layer7__AffinityKey"]!.GetValue<string>());
        Assert.Equal("{pfx.value}", environment["LoadBalancer__Layer7__Listeners__https__Tls__Certificates__shop__Password"]!.GetValue<string>());
        var token = manifest["edge-admin-token"]!["inputs"]!["value"]!;
        Assert.True(token["secret"]!.GetValue<bool>());
        Assert.Equal(32, token["default"]!["generate"]!["minLength"]!.GetValue<int>());
    }

    [Fact]
    public async Task Privileged_and_free_ports_become_ports_that_a_containers_user_may_listen_on()
    {
        using var app = new PublishedApp();
        var catalog = app.AddCatalog();
        app.Builder.AddLayer7LoadBalancer("edge", port: 80).WithHttpsListener(443).WithRoute("/{**path}", catalog).WithExternalHttpEndpoints();
        app.Builder.AddLayer7LoadBalancer("inner").WithRoute("/{**path}", catalog);

        var manifest = await app.ManifestAsync();

        Assert.Equal("""{"scheme":"http","protocol":"tcp","transport":"http","port":80,"targetPort":8080,"external":true}""", manifest["edge"]!["bindings"]!["http"]!.ToJsonString());
        Assert.Equal("""{"scheme":"https","protocol":"tcp","transport":"http","port":443,"targetPort":8443,"external":true}""", manifest["edge"]!["bindings"]!["https"]!.ToJsonString());
        Assert.InRange(manifest["inner"]!["bindings"]!["http"]!["targetPort"]!.GetValue<int>(), 1024, 65535);
    }

    [Fact]
    public async Task A_pool_of_several_resources_has_the_address_weight_and_tier_of_each()
    {
        using var app = new PublishedApp();
        var catalog = app.AddCatalog();
        var canary = app.Builder.AddContainer("canary", "catalog").WithHttpEndpoint(targetPort: 9000);
        app.Builder.AddLayer7LoadBalancer("edge", port: 8080)
            .WithRoute("/{**path}", catalog)
            .WithPool(catalog, pool => pool.WithWeight(9).WithBackend(canary.GetEndpoint("http"), weight: 1, priority: 2));

        var environment = (await app.ManifestAsync())["edge"]!["env"]!;

        Assert.Equal("{catalog.bindings.http.host}:{catalog.bindings.http.port}", environment["Services__catalog__http__0"]!.GetValue<string>());
        Assert.Equal("{canary.bindings.http.host}:{canary.bindings.http.port}", environment["Services__catalog__http__1"]!.GetValue<string>());
        Assert.Equal("{canary.bindings.http.host}:{canary.bindings.http.port}", environment["LoadBalancer__Pools__catalog__Backends__canary__Address"]!.GetValue<string>());
        var backends = (await app.ConfigurationOfAsync("edge"))["Pools"]!["catalog"]!["Backends"]!;
        Assert.Equal((9, 0), (backends["catalog"]!["Weight"]!.GetValue<int>(), backends["catalog"]!["Priority"]!.GetValue<int>()));
        Assert.Equal((1, 2), (backends["canary"]!["Weight"]!.GetValue<int>(), backends["canary"]!["Priority"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Who_references_the_balancer_is_given_the_containers_address()
    {
        using var app = new PublishedApp();
        var edge = app.Builder.AddLayer7LoadBalancer("edge", port: 8080).WithRoute("/{**path}", app.AddCatalog());
        app.Builder.AddContainer("shop", "shop").WithReference(edge);

        var manifest = await app.ManifestAsync();

        Assert.Equal("{edge.bindings.http.url}", manifest["shop"]!["env"]!["services__edge__http__0"]!.GetValue<string>());
    }

    [Fact]
    public async Task With_a_balancer_of_its_own_a_resource_is_referenced_through_its_container()
    {
        using var app = new PublishedApp();
        var catalog = app.AddCatalog().WithLoadBalancer();
        app.Builder.AddContainer("shop", "shop").WithReference(catalog);

        var manifest = await app.ManifestAsync();

        Assert.Equal("{catalog-lb.bindings.http.url}", manifest["shop"]!["env"]!["services__catalog__http__0"]!.GetValue<string>());
        Assert.Equal("{catalog.bindings.http.host}:{catalog.bindings.http.port}", manifest["catalog-lb"]!["env"]!["Services__catalog__http__0"]!.GetValue<string>());
        Assert.Equal("container.v1", manifest["catalog-lb"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Without_publishing_references_lead_to_the_resource_itself()
    {
        using var app = new PublishedApp();
        var catalog = app.AddCatalog().WithLoadBalancer(lb => lb.WithoutPublishing());
        app.Builder.AddContainer("shop", "shop").WithReference(catalog);

        var manifest = await app.ManifestAsync();

        Assert.Equal("{catalog.bindings.http.url}", manifest["shop"]!["env"]!["services__catalog__http__0"]!.GetValue<string>());
        Assert.DoesNotContain("catalog-lb", manifest);
    }

    [Fact]
    public async Task External_services_are_reached_where_their_urls_say()
    {
        using var app = new PublishedApp();
        var url = app.Builder.AddParameter("partner-url");
        app.Builder.AddLayer7LoadBalancer("edge")
            .WithRoute("/weather/{**rest}", app.Builder.AddExternalService("weather", "https://api.weather.example/v2"))
            .WithRoute("/partner/{**rest}", app.Builder.AddExternalService("partner", url));

        var environment = (await app.ManifestAsync())["edge"]!["env"]!;
        var pools = (await app.ConfigurationOfAsync("edge"))["Pools"]!;

        Assert.Equal("https://api.weather.example:443", environment["Services__weather__https__0"]!.GetValue<string>());
        Assert.Equal("api.weather.example:443", environment["LoadBalancer__Pools__weather__Backends__weather__Address"]!.GetValue<string>());
        Assert.Equal("{partner-url.value}", environment["Services__partner__http__0"]!.GetValue<string>());
        Assert.Empty(pools["partner"]!["Backends"]!.AsObject());
    }

    [Fact]
    public async Task A_model_that_cannot_run_cannot_be_published()
    {
        using var app = new PublishedApp();
        app.Builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, app.AddCatalog().GetEndpoint("tcp"));

        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(app.RunAsync);

        Assert.Equal("Load balancer 'wire' sends to the endpoint 'tcp' of 'catalog', which has only 'http', 'https'.", exception.Message);
    }

    private static async Task<(string Folder, JsonNode Manifest)> PublishSampleAsync()
    {
        var folder = Directory.CreateTempSubdirectory("aspire-publish-tests-").FullName;
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--operation", "publish", "--step", "publish-manifest", "--output-path", folder], TestContext.Current.CancellationToken);
        await using var app = await builder.BuildAsync(TestContext.Current.CancellationToken);
        await app.RunAsync(TestContext.Current.CancellationToken);
        return (folder, JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "aspire-manifest.json"), TestContext.Current.CancellationToken))!);
    }

    private static IEnumerable<string> ReferencesIn(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(field => ReferencesIn(field.Value)),
        JsonArray items => items.SelectMany(ReferencesIn),
        JsonValue value when value.GetValueKind() == System.Text.Json.JsonValueKind.String => Reference().Matches(value.GetValue<string>()).Select(match => match.Groups[1].Value),
        _ => [],
    };

    private static void AssertExists(JsonObject resources, string reference)
    {
        var parts = reference.Split('.');
        Assert.True(resources.ContainsKey(parts[0]), $"{reference} refers to a resource that is not there.");
        Assert.True(parts[1] switch
        {
            "bindings" => resources[parts[0]]!["bindings"]![parts[2]] is not null,
            "inputs" => resources[parts[0]]!["inputs"]![parts[2]] is not null,
            "value" => resources[parts[0]]!["value"] is not null,
            _ => false,
        }, $"{reference} refers to something that is not there.");
    }

    [GeneratedRegex(@"\{([a-z0-9-]+\.[^{}]+)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();
}
