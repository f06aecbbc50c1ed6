using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Tests;

public sealed class AdminTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Healthz_says_ready_and_how_many_backends_each_pool_has()
    {
        await using var server = await TestServer.StartAsync(new() { LoadBalancer = { Pools = { ["web"] = new() { HealthCheck = new() { Type = HealthCheckType.None } } } }, Services = { ["web"] = new() { ["http"] = ["http://127.0.0.1:9"] } } });
        await server.WaitForAsync(now => now.Pools[0].Healthy == 1);

        var health = await server.Admin.GetFromJsonAsync("/healthz", StatisticsJsonContext.Default.HealthReport, Cancelled);

        Assert.Equal("ready", health!.Status);
        Assert.Equal(1, health.Pools["web"]);
    }

    [Fact]
    public async Task Stats_name_balancer_process_and_file()
    {
        await using var server = await TestServer.StartAsync(new() { LoadBalancer = { Name = "edge" } });

        var statistics = await server.GetStatisticsAsync();

        Assert.Equal("edge", statistics.Name);
        Assert.Equal(Environment.ProcessId, statistics.ProcessId);
        Assert.Equal(server.Path, statistics.Configuration.File);
    }

    [Fact]
    public async Task A_web_page_of_another_host_cannot_reach_it_by_rebinding_its_name()
    {
        await using var server = await TestServer.StartAsync(new());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/stats") { Headers = { Host = "evil.example" } };

        using var response = await server.Admin.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("/statsx")]
    [InlineData("/page/")]
    [InlineData("/page/nosuch.js")]
    [InlineData("/page/..%2Fappsettings.json")]
    public async Task Anything_else_is_not_found(string path)
    {
        await using var server = await TestServer.StartAsync(new());

        Assert.Equal(HttpStatusCode.NotFound, (await server.Admin.GetAsync(path, Cancelled)).StatusCode);
    }
}
