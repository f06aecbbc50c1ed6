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
    public void Several_kinds_of_endpoints_get_a_balancer_of_each_layer()
    {
        Catalog.WithEndpoint(name: "raw", scheme: "tcp").WithHttpEndpoint(name: "internal").WithLoadBalancer();

        Assert.Equal(
            ["catalog-lb-http", "catalog-lb-internal", "catalog-lb-l4"],
            _builder.Resources.OfType<LoadBalancerResource>().Select(balancer => balancer.Name).Order(StringComparer.Ordinal));
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
    private async Task StartAsync()
    {
        await using var app = _builder.Build();
        var eventing = new DistributedApplicationEventing();
        var redirector = app.Services.GetServices<Lifecycle.IDistributedApplicationEventingSubscriber>().OfType<LoadBalancing.ReferenceRedirector>().Single();
        await redirector.SubscribeAsync(eventing, new(DistributedApplicationOperation.Run), TestContext.Current.CancellationToken);
        await eventing.PublishAsync(new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>()), TestContext.Current.CancellationToken);
    }
}
