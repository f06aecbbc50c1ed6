using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests;

/// <summary>External services as backends, in a model that is not started.</summary>
public sealed class ExternalServiceTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly ReplicaTracker _tracker = new();

    [Fact]
    public void A_route_leads_to_an_external_service_under_the_path_of_its_URL()
    {
        var weather = _builder.AddExternalService("weather", "https://api.weather.example/v2/");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/weather/{**rest}", weather, r => r.WithName("forecast"));

        var file = Describe(edge, Running(weather));

        var route = file.LoadBalancer.Layer7.Routes["forecast"];
        Assert.Equal(("weather", "/weather", "/v2"), (route.Pool, route.RemovePrefix, Assert.Single(route.Transforms)["PathPrefix"]));
        Assert.Equal("https://weather", file.LoadBalancer.Pools["weather"].Service);
        Assert.Equal(["https://api.weather.example:443"], file.Services["weather"]["https"]);
        Assert.Equal("api.weather.example:443", file.LoadBalancer.Pools["weather"].Backends["weather"].Address);
        // Not somebody else's machine every second.
        Assert.Equal((HealthCheckType.Tcp, TimeSpan.FromSeconds(10)), (file.LoadBalancer.Pools["weather"].HealthCheck.Type, file.LoadBalancer.Pools["weather"].HealthCheck.Interval));
        Assert.Contains(edge.Resource.Annotations.OfType<ResourceRelationshipAnnotation>(), relationship => relationship.Resource == weather.Resource);
    }

    [Fact]
    public void An_external_service_is_not_checked_more_often_for_an_option_of_its_pool()
    {
        var weather = _builder.AddExternalService("weather", "https://api.weather.example");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", weather).WithPool(weather.AsBackend(), p => p.WithMaxConnectionsPerReplica(9));

        var check = Describe(edge, Running(weather)).LoadBalancer.Pools["weather"].HealthCheck;

        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5)), (check.Interval, check.Timeout));
    }

    [Fact]
    public void An_external_service_is_one_of_a_pool_a_split_a_mirror_and_a_listener()
    {
        var api = _builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        var staging = _builder.AddExternalService("staging", "http://10.0.0.1:8080");
        var database = _builder.AddExternalService("database", "postgres://[fd00::1]:5432");
        var edge = _builder.AddLayer7LoadBalancer("edge")
            .WithRoute("/a", api, r => r.WithSplit(staging.AsBackend(), 10))
            .WithRoute("/b", api, r => r.WithMirror(staging.AsBackend(), 5))
            .WithPool(api, p => p.WithBackend(staging.AsBackend(), priority: 1));
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("db", 5432, database.AsBackend());

        var file = Describe(edge, Running(staging));

        Assert.Equal(10, file.LoadBalancer.Layer7.Routes["a"].Split!.Pools["staging"]);
        Assert.Equal("staging", file.LoadBalancer.Layer7.Routes["b"].Mirror!.Pool);
        Assert.Equal(("10.0.0.1:8080", 1), (file.LoadBalancer.Pools["api"].Backends["staging"].Address, file.LoadBalancer.Pools["api"].Backends["staging"].Priority));
        Assert.Equal("[fd00::1]:5432", Assert.Single(Describe(wire, Running(database)).LoadBalancer.Pools["database"].Backends).Value.Address);
    }

    [Fact]
    public async Task A_URL_from_a_parameter_is_known_when_the_service_runs()
    {
        var service = _builder.AddExternalService("service", _builder.AddParameter("url", "https://late.example:8443"));
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", service);

        Assert.Empty(Describe(edge).LoadBalancer.Pools["service"].Backends);
        Assert.Null(await ExternalBackend.Of(service.Resource).ResolveAsync(TestContext.Current.CancellationToken));

        Assert.Equal(["https://late.example:8443"], Describe(edge, Running(service)).Services["service"]["https"]);
    }

    [Theory]
    [InlineData("file:///weather", "'service' has the URL 'file:///weather'; a backend must have a host and a port.")]
    [InlineData("redis://cache.example", "'service' has the URL 'redis://cache.example/'; a backend must have a host and a port.")]
    [InlineData("tcp://cache.example:1", "'edge' cannot send to the endpoint 'url' of 'service', which has the scheme 'tcp'; must be http or https.")]
    public void A_URL_that_cannot_be_a_backend_is_refused_with_what_it_must_have(string url, string message)
    {
        var service = _builder.AddExternalService("service", url);
        var edge = _builder.AddLayer7LoadBalancer("edge");

        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => edge.WithRoute("/", service)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_parameter_that_has_no_URL_of_a_backend_is_named()
    {
        var service = _builder.AddExternalService("service", _builder.AddParameter("url", "nowhere"));
        _builder.AddLayer7LoadBalancer("edge").WithRoute("/", service);

        Assert.Equal("has a URL in the parameter 'url' that is none of a backend; must be absolute, with host and port", await ExternalBackend.Of(service.Resource).ResolveAsync(TestContext.Current.CancellationToken));
    }

    private static ResourceEvent Running(IResourceBuilder<IResource> resource) =>
        new(resource.Resource, resource.Resource.Name, new() { ResourceType = "Test", Properties = [], State = "Running" });

    private ConfigurationFile Describe(IResourceBuilder<LoadBalancerResource> balancer, params ResourceEvent[] reports)
    {
        foreach (var report in reports)
        {
            _tracker.Update(report);
        }

        return balancer.Resource.Describe(pool => _tracker.ReplicasOf(pool, out _));
    }
}
