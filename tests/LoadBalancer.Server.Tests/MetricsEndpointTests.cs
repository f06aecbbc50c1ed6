using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Server.Tests;

public sealed class MetricsEndpointTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_option_there_are_no_metrics_and_the_answer_says_which_it_is()
    {
        await using var server = await TestServer.StartAsync(new());

        using var response = await server.Admin.GetAsync("/metrics", Cancelled);

        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Contains("LoadBalancer:Admin:PrometheusMetrics", await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Reloads_are_counted_by_what_came_of_them()
    {
        var file = new ConfigurationFile { LoadBalancer = { Admin = { PrometheusMetrics = true } } };
        await using var server = await TestServer.StartAsync(file);

        file.LoadBalancer.DrainTimeout = TimeSpan.FromSeconds(1);
        server.Replace(file.ToJson());
        await server.WaitForAsync(statistics => statistics.Configuration.Reloads == 1);
        server.Replace("""{ "LoadBalancer": { "Polls": {} } }""");
        await server.WaitForAsync(statistics => statistics.Configuration.Rejected == 1);

        var metrics = await server.Admin.GetStringAsync("/metrics", Cancelled);
        Assert.Contains("lb_configuration_reloads_total{", metrics);
        Assert.Matches("""lb_configuration_reloads_total\{.*lb_result="applied"\} [1-9]""", metrics);
        Assert.Matches("""lb_configuration_reloads_total\{.*lb_result="rejected"\} [1-9]""", metrics);
    }
}
