using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Tests;

public sealed class TelemetryTests
{
    private const string Variable = "LoadBalancer__Admin__PrometheusMetrics";

    [Fact]
    public async Task Metrics_in_the_format_of_Prometheus_are_off_unless_asked_for()
    {
        var builder = Model.NewBuilder();
        var wire = builder.AddLayer4LoadBalancer("wire");
        var edge = builder.AddLayer7LoadBalancer("edge").WithPrometheusMetrics().WithPrometheusMetrics();

        Assert.DoesNotContain(Variable, await Model.EnvironmentOfAsync(wire.Resource));
        Assert.Equal("true", (await Model.EnvironmentOfAsync(edge.Resource))[Variable]);
    }

    // 1xx to 4xx are the server's; tests/LoadBalancer.Server.Tests looks at those.
    [Fact]
    public void Every_event_has_an_id_of_the_extension_that_no_other_has()
    {
        var extension = typeof(LoadBalancerResource).Assembly;

        Assert.Equal([], LoadBalancer.Tests.EventIds.FindFaults(extension));
        Assert.All(LoadBalancer.Tests.EventIds.All(extension), logged => Assert.Equal(5, logged.Id / 100));
    }
}
