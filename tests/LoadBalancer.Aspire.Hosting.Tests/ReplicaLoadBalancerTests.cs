using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using LoadBalancer.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Tests;

public sealed class ReplicaLoadBalancerTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();

    private IResourceBuilder<ProjectResource> Catalog => field ??= _builder.AddProject<TestProject>("catalog", launchProfileName: "http").WithReplicas(3);

    [Fact]
    public async Task Who_references_the_resource_is_told_the_balancers_address()
    {
        Catalog.WithLoadBalancer();
        var shop = _builder.AddProgram("shop").WithReference(Catalog);

        await StartAsync();

        var variables = await Model.EnvironmentOfAsync(shop.Resource);
        Assert.Equal("{catalog-lb.bindings.http.url}", Model.ExpressionOf(variables["services__catalog__http__0"]));
        Assert.Equal("{catalog-lb.bindings.http.url}", Model.ExpressionOf(variables["CATALOG_HTTP"]));
    }

    [Fact]
    public async Task What_is_not_published_is_there_in_a_run()
    {
        Catalog.WithLoadBalancer(lb => lb.WithoutPublishing());
        var shop = _builder.AddProgram("shop").WithReference(Catalog);

        await StartAsync();

        Assert.Equal("{catalog-lb.bindings.http.url}", Model.ExpressionOf((await Model.EnvironmentOfAsync(shop.Resource))["services__catalog__http__0"]));
    }

    [Fact]
    public async Task An_address_inside_a_text_or_an_argument_is_the_balancers_too()
    {
        Catalog.WithLoadBalancer();
        var endpoint = Catalog.GetEndpoint("http");
        var shop = _builder.AddProgram("shop")
            .WithEnvironment("URL", ReferenceExpression.Create($"{endpoint.Property(EndpointProperty.Host)}:{endpoint.Property(EndpointProperty.Port)}/items?of={endpoint}"))
            .WithEnvironment("OTHER", "catalog")
            .WithArgs("--url", endpoint);

        await StartAsync();

        var variables = await Model.EnvironmentOfAsync(shop.Resource);
        Assert.Equal(
            "{catalog-lb.bindings.http.host}:{catalog-lb.bindings.http.port}/items?of={catalog-lb.bindings.http.url}",
            Model.ExpressionOf(variables["URL"]));
        Assert.Equal("catalog", variables["OTHER"]);
        List<object> arguments = [];
        foreach (var annotation in shop.Resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await annotation.Callback(new(arguments));
        }

        Assert.Equal(["--url", "{catalog-lb.bindings.http.url}"], arguments.Select(argument => argument is string text ? text : Model.ExpressionOf(argument)));
    }

    [Fact]
    public async Task The_resource_and_the_balancer_keep_the_resources_own_address()
    {
        Catalog.WithLoadBalancer().WithEnvironment("SELF", Catalog.GetEndpoint("http"));
        var other = _builder.AddLayer7LoadBalancer("edge").WithRoute("/{**path}", Catalog);

        await StartAsync();

        Assert.Equal("{catalog.bindings.http.url}", Model.ExpressionOf((await Model.EnvironmentOfAsync(Catalog.Resource))["SELF"]));
        Assert.Equal("catalog", Assert.Single(other.Describe().LoadBalancer.Layer7.Routes.Values).Pool);
    }

    [Fact]
    public void Options_pick_policy_affinity_and_pool()
    {
        Catalog.WithLoadBalancer(lb => lb
            .WithPolicy(SelectionPolicy.LeastConnections)
            .WithAffinity()
            .WithRoute(route => route.WithCache(TimeSpan.FromSeconds(5)))
            .WithPool(pool => pool.WithSlowStart(TimeSpan.FromSeconds(9))));

        var options = Balancer<Layer7LoadBalancerResource>("catalog-lb").Describe(_ => []).LoadBalancer;

        var route = Assert.Single(options.Layer7.Routes.Values);
        Assert.Equal((SelectionPolicy.LeastConnections, TimeSpan.FromSeconds(5), null), (route.Policy!.Value, route.Cache!.Duration, route.RemovePrefix));
        Assert.NotNull(route.SessionAffinity);
        Assert.Equal(TimeSpan.FromSeconds(9), options.Pools["catalog"].SlowStart);
    }

    [Fact]
    public void Layer_4_takes_what_is_not_http_and_on_request_all()
    {
        var echo = _builder.AddProgram("echo").WithEndpoint(name: "tcp", scheme: "tcp", targetPort: 1).WithEndpoint(name: "udp", scheme: "udp", targetPort: 1, protocol: System.Net.Sockets.ProtocolType.Udp);
        echo.WithLoadBalancer(lb => lb.WithAffinity());
        Catalog.WithLoadBalancer(lb => lb.WithLayer4());

        var wire = Balancer<Layer4LoadBalancerResource>("echo-lb");
        Assert.Equal(["tcp", "udp"], wire.Listeners.Keys);
        Assert.All(wire.Listeners.Values, listener => Assert.NotNull(listener.SourceAffinity));
        Assert.Equal((Layer4Protocol.Tcp, Layer4Protocol.Udp), (wire.Listeners["tcp"].Protocol, wire.Listeners["udp"].Protocol));
        Assert.Equal(["http"], Balancer<Layer4LoadBalancerResource>("catalog-lb").Listeners.Keys);
        Assert.Equal("http", Balancer<Layer4LoadBalancerResource>("catalog-lb").Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "http").UriScheme);
    }

    [Fact]
    public void Several_kinds_of_endpoints_share_a_balancer_of_each_layer()
    {
        Catalog.WithEndpoint(name: "raw", scheme: "tcp").WithHttpEndpoint(name: "internal").WithHttpsEndpoint().WithLoadBalancer();

        var requests = Balancer<Layer7LoadBalancerResource>("catalog-lb").Describe(_ => []).LoadBalancer;
        Assert.Equal(["catalog-lb", "catalog-lb-l4"], _builder.Resources.OfType<LoadBalancerResource>().Select(balancer => balancer.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["http", "internal", "https"], requests.Layer7.Listeners.Keys);
        Assert.Equal(
            [("http", "catalog", "http"), ("internal", "catalog-internal", "internal"), ("https", "catalog-https", "https")],
            requests.Layer7.Routes.Select(route => (route.Key, route.Value.Pool, Assert.Single(route.Value.Listeners))));
        Assert.Equal(["raw"], Balancer<Layer4LoadBalancerResource>("catalog-lb-l4").Listeners.Keys);
    }

    [Fact]
    public async Task An_https_endpoint_gets_a_listener_that_ends_TLS_and_a_pool_that_speaks_it_again()
    {
        Catalog.WithHttpsEndpoint().WithLoadBalancer(lb => lb.WithHttpsListener(l => l.WithMinimumTlsVersion(TlsVersion.Tls13)));
        var shop = _builder.AddProgram("shop").WithReference(Catalog);

        await StartAsync();

        var variables = await Model.EnvironmentOfAsync(shop.Resource);
        var options = Balancer<Layer7LoadBalancerResource>("catalog-lb").Describe(_ => []).LoadBalancer;
        Assert.Equal("{catalog-lb.bindings.https.url}", Model.ExpressionOf(variables["services__catalog__https__0"]));
        Assert.Equal("{catalog-lb.bindings.http.url}", Model.ExpressionOf(variables["services__catalog__http__0"]));
        Assert.Null(options.Layer7.Listeners["http"].Tls);
        Assert.Equal(TlsVersion.Tls13, options.Layer7.Listeners["https"].Tls!.MinimumVersion);
        Assert.Equal("https://catalog-https", options.Pools["catalog-https"].Service);
    }

    [Fact]
    public async Task The_balancer_presents_the_certificate_that_the_resource_was_given()
    {
        using var certificate = AppHostFixture.SelfSigned("localhost");
        Catalog.WithHttpsEndpoint().WithLoadBalancer();
#pragma warning disable ASPIRECERTIFICATES001 // Certificates of resources are experimental in Aspire 13.5.
        Catalog.WithHttpsCertificate(certificate);

        await StartAsync();

        Assert.Same(certificate, Balancer<Layer7LoadBalancerResource>("catalog-lb").Annotations.OfType<HttpsCertificateAnnotation>().Last().Certificate);
#pragma warning restore ASPIRECERTIFICATES001
    }

    [Fact]
    public async Task The_resource_sends_its_clients_to_the_balancers_port_for_https()
    {
        Catalog.WithHttpsEndpoint().WithLoadBalancer();

        await StartAsync();

        Assert.Equal("{catalog-lb.bindings.https.port}", Model.ExpressionOf((await Model.EnvironmentOfAsync(Catalog.Resource))["ASPNETCORE_HTTPS_PORT"]));
    }

    [Fact]
    public async Task Who_waits_for_the_resource_waits_for_its_balancers()
    {
        Catalog.WithEndpoint(name: "raw", scheme: "tcp").WithLoadBalancer();
        var shop = _builder.AddProgram("shop").WaitFor(Catalog);
        var early = _builder.AddProgram("early").WaitForStart(Catalog);
        var job = _builder.AddProgram("job").WaitForCompletion(Catalog);

        await StartAsync();

        static (string, WaitType)[] WaitsOf(IResourceBuilder<IResource> resource) => [.. resource.Resource.Annotations.OfType<WaitAnnotation>().Select(wait => (wait.Resource.Name, wait.WaitType))];
        Assert.Equal([("catalog", WaitType.WaitUntilHealthy), ("catalog-lb", WaitType.WaitUntilHealthy), ("catalog-lb-l4", WaitType.WaitUntilHealthy)], WaitsOf(shop));
        Assert.Equal([("catalog", WaitType.WaitUntilStarted), ("catalog-lb", WaitType.WaitUntilStarted), ("catalog-lb-l4", WaitType.WaitUntilStarted)], WaitsOf(early));
        Assert.Equal([("catalog", WaitType.WaitForCompletion)], WaitsOf(job));
    }

    [Fact]
    public async Task An_endpoint_that_is_added_later_gets_a_listener_and_else_a_warning()
    {
        Catalog.WithLoadBalancer();
        Catalog.WithHttpEndpoint(name: "later").WithEndpoint(name: "raw", scheme: "tcp");
        var shop = _builder.AddProgram("shop").WithEnvironment("LATER", Catalog.GetEndpoint("later")).WithEnvironment("RAW", Catalog.GetEndpoint("raw"));

        var log = await StartAsync();

        var variables = await Model.EnvironmentOfAsync(shop.Resource);
        Assert.Equal("{catalog-lb.bindings.later.url}", Model.ExpressionOf(variables["LATER"]));
        Assert.Equal("{catalog.bindings.raw.url}", Model.ExpressionOf(variables["RAW"]));
        Assert.Equal(["http", "later"], Balancer<Layer7LoadBalancerResource>("catalog-lb").Listeners.Keys);
        Assert.Contains("The endpoint 'raw' (tcp) of 'catalog' was added after WithLoadBalancer()", Assert.Single(log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_over_HTTP_2_in_clear_text_gets_a_listener_that_speaks_it()
    {
        Catalog.WithHttpsEndpoint().WithLoadBalancer();
        Catalog.WithEndpoint("http", endpoint => endpoint.Transport = "http2").WithEndpoint("https", endpoint => endpoint.Transport = "http2");

        await StartAsync();

        var listeners = Balancer<Layer7LoadBalancerResource>("catalog-lb").Listeners;
        Assert.Equal((HttpListenerProtocols.Http2, null), (listeners["http"].Protocols, listeners["https"].Protocols));
    }

    [Fact]
    public void An_endpoint_with_the_name_of_the_balancers_own_gets_a_listener_of_another()
    {
        var program = _builder.AddProgram("program").WithHttpEndpoint(name: "admin", env: "PORT").WithLoadBalancer();

        Assert.Equal(["admin-of-program"], Balancer<Layer7LoadBalancerResource>($"{program.Resource.Name}-lb").Listeners.Keys);
    }

    [Fact]
    public void Routes_of_several_endpoints_keep_a_chosen_name_apart()
    {
        Catalog.WithHttpsEndpoint().WithLoadBalancer(lb => lb.WithRoute(route => route.WithName("shop")));

        Assert.Equal(["shop", "shop-https"], Balancer<Layer7LoadBalancerResource>("catalog-lb").Routes.Keys);
    }

    [Fact]
    public void A_container_has_a_balancer_too()
    {
        var web = _builder.AddContainer("web", "image").WithHttpEndpoint(targetPort: 80).WithEndpoint(name: "raw", targetPort: 90).WithLoadBalancer();

        Assert.Equal("http://web", Balancer<Layer7LoadBalancerResource>($"{web.Resource.Name}-lb").Describe(_ => []).LoadBalancer.Pools["web"].Service);
        Assert.Equal("tcp://web", Balancer<Layer4LoadBalancerResource>($"{web.Resource.Name}-lb-l4").Describe(_ => []).LoadBalancer.Pools["web"].Service);
    }

    [Fact]
    public void A_resource_that_cannot_have_one_is_refused()
    {
        var bare = _builder.AddProgram("bare");
        var edge = _builder.AddLayer7LoadBalancer("edge");
        Catalog.WithLoadBalancer();

        Assert.StartsWith("'bare' has no endpoint; a load balancer needs at least one, added before it.", Assert.Throws<ArgumentException>(() => bare.WithLoadBalancer()).Message, StringComparison.Ordinal);
        Assert.StartsWith("'edge' is a load balancer itself.", Assert.Throws<ArgumentException>(() => edge.WithLoadBalancer()).Message, StringComparison.Ordinal);
        Assert.StartsWith("'catalog' has a load balancer already.", Assert.Throws<ArgumentException>(() => Catalog.WithLoadBalancer()).Message, StringComparison.Ordinal);
    }

    private T Balancer<T>(string name)
        where T : LoadBalancerResource => _builder.Resources.OfType<T>().Single(balancer => balancer.Name == name);

    // As far as the model changes by it; nothing is run.
    private async Task<string[]> StartAsync()
    {
        await using var app = _builder.Build();
        var eventing = new DistributedApplicationEventing();
        var redirector = app.Services.GetServices<Lifecycle.IDistributedApplicationEventingSubscriber>().OfType<LoadBalancing.ReferenceRedirector>().Single();
        await redirector.SubscribeAsync(eventing, new(DistributedApplicationOperation.Run), TestContext.Current.CancellationToken);
        await eventing.PublishAsync(new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>()), TestContext.Current.CancellationToken);
        var loggers = app.Services.GetRequiredService<ResourceLoggerService>();
        loggers.GetLogger(Catalog.Resource);
        loggers.Complete(Catalog.Resource);
        return await loggers.WatchAsync(Catalog.Resource)
            .SelectMany(lines => lines.ToAsyncEnumerable()).Select(line => line.Content).ToArrayAsync(TestContext.Current.CancellationToken);
    }
}
