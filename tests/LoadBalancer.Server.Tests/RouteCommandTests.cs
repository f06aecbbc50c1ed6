using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Server.Tests;

public sealed class RouteCommandTests
{
    private const string Token = "a-token-for-tests";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Routes_are_listed_with_their_shares_and_figures()
    {
        await using var server = await StartAsync();

        using var response = await SendAsync(server, HttpMethod.Get, "/admin/routes", null);
        var list = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(CommandJsonContext.Default.RouteList, Cancelled);

        Assert.Equal(["all", "canary"], list!.Routes.Select(route => route.Name));
        Assert.Equal([new SplitStatistics("web", 90, 0), new("canary", 10, 0)], list.Routes[0].Split);
        Assert.Equal(["Connect", "FirstByte", "Total", "Idle"], list.Routes[0].Resilience.Timeouts.Keys);
    }

    [Fact]
    public async Task A_split_is_changed_and_told()
    {
        await using var server = await StartAsync();

        var route = await CommandAsync(server, HttpMethod.Put, "/admin/routes/all/split", """{ "pools": { "canary": 100 } }""");

        Assert.Equal([("web", 0), ("canary", 100)], route.Split.Select(share => (share.Pool, share.Percent)));
        Assert.Equal(100, (await server.GetStatisticsAsync()).Layer7.Routes[0].Split[1].Percent);
        route = await CommandAsync(server, HttpMethod.Put, "/admin/routes/all/split", """{ "pools": {} }""");
        Assert.Equal([("web", 100)], route.Split.Select(share => (share.Pool, share.Percent)));
    }

    [Fact]
    public async Task Faults_of_a_route_hold_until_they_are_taken_back()
    {
        await using var server = await StartAsync();

        var route = await CommandAsync(server, HttpMethod.Put, "/admin/routes/all/faults", """{ "status": 418, "percent": 50, "header": "X-Fault" }""");
        Assert.Equal(new FaultOptions { Status = 418, Percent = 50, Header = "X-Fault" }, route.Faults);
        Assert.Equal(route.Faults, (await server.GetStatisticsAsync()).Layer7.Routes[0].Faults);

        route = await CommandAsync(server, HttpMethod.Delete, "/admin/routes/all/faults", null);
        Assert.Null(route.Faults);
    }

    [Theory]
    [InlineData("web")]
    [InlineData("canary")]
    public async Task Faults_of_requests_are_taken_at_a_pool_that_a_route_leads_to(string pool)
    {
        await using var server = await StartAsync();

        using var response = await SendAsync(server, HttpMethod.Put, $"/admin/pools/{pool}/faults", """{ "status": 418, "percent": 50 }""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(new FaultOptions { Status = 418, Percent = 50 }, (await server.GetStatisticsAsync()).Pools.Single(known => known.Name == pool).Faults);
    }

    [Theory]
    [InlineData("PUT", "/admin/routes/nosuch/split", "{}", 404, "There is no route 'nosuch'; there are all, canary.")]
    [InlineData("DELETE", "/admin/routes/nosuch/faults", "", 404, "There is no route 'nosuch'; there are all, canary.")]
    [InlineData("PUT", "/admin/routes/all/split", "{ \"pools\": { \"canary\": 60, \"web\": 50 } }", 400, "pools.web: is the route's own pool, which gets the rest; must be another; pools: '110' percent together is out of range; must be 0 to 100")]
    [InlineData("PUT", "/admin/routes/all/split", "{ \"pools\": { \"canary\": \"many\" } }", 400, "the body must be JSON with pools")]
    [InlineData("PUT", "/admin/routes/all/split", "{}", 400, "pools: is missing; must have the percent of the requests by pool")]
    [InlineData("PUT", "/admin/routes/all/split", "{ \"canary\": 5 }", 400, "canary")]
    [InlineData("PUT", "/admin/routes/all/faults", "{ \"percent\": 101 }", 400, "percent: '101' is out of range; must be 0 to 100")]
    [InlineData("PUT", "/admin/routes/all/faults", "{ \"status\": 42 }", 400, "status: '42' is out of range; must be 200 to 599")]
    public async Task A_bad_command_changes_nothing_and_says_what_is_allowed(string method, string path, string body, int status, string detail)
    {
        await using var server = await StartAsync();

        using var response = await SendAsync(server, new(method), path, body);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(detail, (await response.Content.ReadFromJsonAsync(CommandJsonContext.Default.Problem, Cancelled))!.Detail, StringComparison.Ordinal);
        var route = (await server.GetStatisticsAsync()).Layer7.Routes[0];
        Assert.Equal((10, null), (route.Split[1].Percent, route.Faults));
    }

    private static async Task<TestServer> StartAsync()
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Token = Token;
        foreach (var pool in new[] { "web", "canary" })
        {
            file.LoadBalancer.Pools[pool] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        }

        file.LoadBalancer.Layer7.Listeners["http"] = new() { Address = "127.0.0.1:0" };
        file.LoadBalancer.Layer7.Routes["all"] = new() { Pool = "web", Split = new() { Pools = { ["canary"] = 10 } } };
        file.LoadBalancer.Layer7.Routes["canary"] = new() { Pool = "canary", Path = "/canary" };
        return await TestServer.StartAsync(file);
    }

    private static async Task<RouteStatistics> CommandAsync(TestServer server, HttpMethod method, string path, string? body)
    {
        using var response = await SendAsync(server, method, path, body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync(CommandJsonContext.Default.RouteStatistics, Cancelled))!;
    }

    private static async Task<HttpResponseMessage> SendAsync(TestServer server, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Token) } };
        request.Content = body is null ? null : new StringContent(body);
        return await server.Admin.SendAsync(request, Cancelled);
    }
}
