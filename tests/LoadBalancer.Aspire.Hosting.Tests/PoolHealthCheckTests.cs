using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting.Tests;

public sealed class PoolHealthCheckTests
{
    [Theory]
    [InlineData(BackendState.Healthy, HealthStatus.Healthy, "Pool 'catalog': 1 of 1 backends healthy, Round robin.")]
    [InlineData(BackendState.SlowStart, HealthStatus.Healthy, "Pool 'catalog': 1 of 1 backends healthy, Round robin.")]
    [InlineData(BackendState.Checking, HealthStatus.Unhealthy, "Pool 'catalog' has no healthy backend: 'catalog-a' is checking (because).")]
    [InlineData(BackendState.Unhealthy, HealthStatus.Unhealthy, "Pool 'catalog' has no healthy backend: 'catalog-a' is unhealthy (because).")]
    [InlineData(BackendState.Ejected, HealthStatus.Unhealthy, "Pool 'catalog' has no healthy backend: 'catalog-a' is ejected (because).")]
    [InlineData(BackendState.Draining, HealthStatus.Unhealthy, "Pool 'catalog' has no healthy backend: 'catalog-a' is draining (because).")]
    public void It_is_healthy_with_a_backend_that_is(BackendState state, HealthStatus status, string description)
    {
        var (edge, _) = NewEdge();

        var result = CheckOf(edge).Judge(PoolOf(state));

        Assert.Equal((status, description), (result.Status, result.Description));
    }

    [Fact]
    public void Without_replicas_it_names_whose_are_missing()
    {
        var (edge, _) = NewEdge();

        var result = CheckOf(edge).Judge(PoolOf());

        Assert.Equal((HealthStatus.Unhealthy, "Pool 'catalog' has no healthy backend: no replica of 'catalog' runs."), (result.Status, result.Description));
    }

    [Fact]
    public void A_backend_that_waits_for_the_balancer_is_not_waited_for()
    {
        var (edge, catalog) = NewEdge();
        var between = edge.ApplicationBuilder.AddProgram("between").WaitFor(edge);
        catalog.WaitFor(between);

        var result = CheckOf(edge).Judge(PoolOf());

        Assert.Equal((HealthStatus.Healthy, "Pool 'catalog' has no healthy backend; 'catalog' waits for 'edge' itself."), (result.Status, result.Description));
    }

    [Fact]
    public async Task Each_pool_that_there_is_in_the_end_has_a_check_of_its_own_that_is_registered()
    {
        var (edge, catalog) = NewEdge();
        edge.WithRoute("/again/{**rest}", catalog);
        catalog.WithLoadBalancer();
        catalog.WithHttpEndpoint(name: "late");

        var registered = await StartAsync(edge.ApplicationBuilder);

        Assert.Equal(["catalog-lb_catalog-late_pool_check", "catalog-lb_catalog_pool_check", "edge_catalog_pool_check"], registered);
        Assert.Equal(["edge_catalog_pool_check"], ChecksOf(edge.Resource));
        Assert.Equal(["catalog-lb_catalog-late_pool_check", "catalog-lb_catalog_pool_check"], ChecksOf(edge.ApplicationBuilder.Resources.Single(resource => resource.Name == "catalog-lb")));
    }

    private static string[] ChecksOf(IResource balancer) => PoolChecks(balancer.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key));

    private static string[] PoolChecks(IEnumerable<string> names) => [.. names.Where(name => name.EndsWith("_pool_check", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    // As far as health goes; nothing is run.
    private static async Task<string[]> StartAsync(IDistributedApplicationBuilder builder)
    {
        await using var app = builder.Build();
        var eventing = new DistributedApplicationEventing();
        foreach (var subscriber in app.Services.GetServices<Lifecycle.IDistributedApplicationEventingSubscriber>().Where(subscriber => subscriber is ReferenceRedirector or PoolHealthChecks))
        {
            await subscriber.SubscribeAsync(eventing, new(DistributedApplicationOperation.Run), TestContext.Current.CancellationToken);
        }

        await eventing.PublishAsync(new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>()), TestContext.Current.CancellationToken);
        return PoolChecks(app.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Select(check => check.Name));
    }

    private static (IResourceBuilder<Layer7LoadBalancerResource> Edge, IResourceBuilder<ExecutableResource> Catalog) NewEdge()
    {
        var builder = Model.NewBuilder();
        var catalog = builder.AddProgram("catalog").WithHttpEndpoint();
        return (builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", catalog), catalog);
    }

    private static PoolHealthCheck CheckOf(IResourceBuilder<Layer7LoadBalancerResource> edge) => new(edge.Resource, edge.Resource.Pools[0]);

    private static PoolStatistics PoolOf(params BackendState[] states) => new(
        "catalog", "http://catalog", default, 0, false, null, 0, null, 0, null,
        [.. states.Select(state => new BackendStatistics("catalog-a", "127.0.0.1:1", state, "because", 1, 0, null, 0, 0, 0, 0, null, null, null, null))]);
}
