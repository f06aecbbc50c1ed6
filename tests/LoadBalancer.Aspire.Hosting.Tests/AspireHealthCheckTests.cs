using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests;

/// <summary>What Aspire asks of a resource is asked of each of its replicas.</summary>
public sealed class AspireHealthCheckTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();

    private IResourceBuilder<ProjectResource> Catalog => field ??= _builder.AddProject<TestProject>("catalog", launchProfileName: "http").WithReplicas(3);

    [Fact]
    public void The_path_of_a_resources_HTTP_health_check_is_asked_of_each_replica()
    {
        Catalog.WithHttpHealthCheck("/health/ready_now");

        var check = CheckOf(_builder.AddLayer7LoadBalancer("edge").WithRoute("/", Catalog));

        Assert.Equal((HealthCheckType.Http, "/health/ready_now", TimeSpan.FromSeconds(2)), (check.Type, check.Path, check.Interval));
    }

    [Fact]
    public void A_check_that_the_pool_was_given_is_the_pools()
    {
        Catalog.WithHttpHealthCheck("/health");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/", Catalog).WithPool(Catalog, p => p.WithTcpHealthCheck());

        Assert.Equal(HealthCheckType.Tcp, CheckOf(edge).Type);
    }

    [Fact]
    public void A_pool_that_was_given_something_else_is_asked_as_often_as_before()
    {
        Catalog.WithHttpHealthCheck("/health");
        var edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/", Catalog).WithPool(Catalog, p => p.WithSlowStart(TimeSpan.FromSeconds(9)).WithHealthCheckTiming(rise: 3));
        var often = _builder.AddLayer7LoadBalancer("often").WithRoute("/", Catalog).WithPool(Catalog, p => p.WithHealthCheckTiming(interval: TimeSpan.FromSeconds(1)));

        Assert.Equal((HealthCheckType.Http, TimeSpan.FromSeconds(2), 3), (CheckOf(edge).Type, CheckOf(edge).Interval, CheckOf(edge).Rise));
        Assert.Equal(TimeSpan.FromSeconds(1), CheckOf(often).Interval);
    }

    [Fact]
    public void Layer_4_asks_where_there_is_no_TLS()
    {
        Catalog.WithHttpsEndpoint().WithHttpHealthCheck("/health");

        Assert.Equal(HealthCheckType.Http, CheckOf(_builder.AddLayer4LoadBalancer("plain").WithTcpListener("l", null, Catalog.GetEndpoint("http"))).Type);
        Assert.Equal(HealthCheckType.Tcp, CheckOf(_builder.AddLayer4LoadBalancer("tls").WithTcpListener("l", null, Catalog.GetEndpoint("https"))).Type);
    }

    [Fact]
    public void Another_status_another_endpoint_and_another_kind_of_check_are_not_taken_over()
    {
        Catalog.WithHttpEndpoint(name: "management").WithHttpHealthCheck("/live", statusCode: 418).WithHttpHealthCheck("/management", endpointName: "management").WithHealthCheck("database");

        Assert.Equal(HealthCheckType.Tcp, CheckOf(_builder.AddLayer7LoadBalancer("edge").WithRoute("/", Catalog)).Type);
    }

    [Fact]
    public void A_pool_of_resources_that_differ_is_checked_by_connections()
    {
        var other = _builder.AddProgram("other").WithHttpEndpoint(env: "PORT");
        Catalog.WithHttpHealthCheck("/health");

        Assert.Equal(HealthCheckType.Tcp, CheckOf(_builder.AddLayer7LoadBalancer("edge").WithRoute("/", Catalog).WithPool(Catalog, p => p.WithBackend(other.GetEndpoint("http")))).Type);
    }

    private static HealthCheckOptions CheckOf<T>(IResourceBuilder<T> balancer)
        where T : LoadBalancerResource => balancer.Describe().LoadBalancer.Pools["catalog"].HealthCheck;
}
