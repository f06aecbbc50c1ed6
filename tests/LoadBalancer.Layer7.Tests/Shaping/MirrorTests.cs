using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Shaping;

public sealed class MirrorTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_is_the_request_itself_body_and_all_and_says_that_it_is_one()
    {
        await using var main = await TestBackend.StartAsync("main");
        await using var shadow = await TestBackend.StartAsync("shadow");
        var copies = new ConcurrentQueue<string>();
        shadow.Script = async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            copies.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Headers["X-Mine"]} {context.Request.ContentType} {context.Request.Headers["X-Mirrored"]} '{body}'");
            // Nobody gets it.
            context.Response.StatusCode = 500;
        };
        await using var balancer = await StartAsync(new() { Pool = "shadow" }, main, shadow, route => route.RemovePrefix = "/api");
        using var client = balancer.CreateClient();
        client.DefaultRequestHeaders.Add("X-Mine", "yes");

        var got = await client.GetFromJsonAsync<Answer>("/api/a?b=c", Cancelled);
        using var content = new StringContent("hello");
        using var posted = await client.PostAsync("/api/length", content, Cancelled);
        using var empty = await client.PostAsync("/api/empty", null, Cancelled);

        Assert.Equal(("main", "/a?b=c"), (got!.Replica, got.Path));
        Assert.False(got.Headers.ContainsKey("X-Mirrored"));
        Assert.Equal(5, (await posted.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Length);
        await TestBalancer.WaitUntilAsync(() => Results(balancer)["Answered"] == 3);
        Assert.Equal(
            ["GET /a?b=c yes  1 ''", "POST /empty yes  1 ''", "POST /length yes text/plain; charset=utf-8 1 'hello'"],
            copies.Order(StringComparer.Ordinal));
        Assert.Equal((3, 3), (balancer.Pools.Find("web")!.GetStatistics().Backends[0].Picks, balancer.Pools.Find("shadow")!.GetStatistics().Backends[0].Picks));
        Assert.Equal((0, 3), (balancer.Route("all").Mirror!.Active, balancer.Route("all").Forwarded));
    }

    [Fact]
    public async Task A_share_is_exact()
    {
        await using var main = await TestBackend.StartAsync("main");
        await using var shadow = await TestBackend.StartAsync("shadow");
        await using var balancer = await StartAsync(new() { Pool = "shadow", Percent = 20 }, main, shadow);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 100; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        await TestBalancer.WaitUntilAsync(() => Results(balancer)["Answered"] == 20);
        Assert.Equal((100, 20), (main.Requests, shadow.Requests));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_not_copied_and_goes_through_whole()
    {
        await using var main = await TestBackend.StartAsync("main");
        await using var shadow = await TestBackend.StartAsync("shadow");
        await using var balancer = await StartAsync(new() { Pool = "shadow", MaxBodySize = 100 }, main, shadow);
        using var client = balancer.CreateClient();

        foreach (var (size, chunked) in new[] { (100, false), (100, true), (101, false), (101, true), (1_000_000, true) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/length") { Content = new ByteArrayContent(new byte[size]), Headers = { TransferEncodingChunked = chunked } };
            using var response = await client.SendAsync(request, Cancelled);
            Assert.Equal(size, (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Length);
        }

        await TestBalancer.WaitUntilAsync(() => Results(balancer)["Answered"] == 2 && balancer.Route("all").Mirror!.Active == 0);
        Assert.Equal((3, 2), (Results(balancer)["TooLarge"], shadow.Requests));
    }

    [Fact]
    public async Task A_pool_that_never_answers_costs_the_client_nothing_and_memory_to_a_limit()
    {
        await using var main = await TestBackend.StartAsync("main");
        await using var shadow = await TestBackend.StartAsync("shadow");
        shadow.Script = context => Task.Delay(-1, context.RequestAborted);
        // 128 MiB of bodies in all: so large that three may be under way.
        await using var balancer = await StartAsync(new() { Pool = "shadow", MaxBodySize = 40 * 1024 * 1024 }, main, shadow);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 20; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        await TestBalancer.WaitUntilAsync(() => shadow.Requests == 3);
        Assert.Equal((3, 17), (balancer.Route("all").Mirror!.Active, Results(balancer)["TooMany"]));
        Assert.Equal((20, 0), (main.Requests, balancer.Route("all").Failed));
    }

    [Fact]
    public async Task A_pool_that_is_not_there_or_breaks_off_is_counted_and_nothing_else()
    {
        await using var main = await TestBackend.StartAsync("main");
        await using var shadow = await TestBackend.StartAsync("shadow");
        shadow.Script = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        await using var balancer = await StartAsync(new() { Pool = "shadow" }, main, shadow);
        using var client = balancer.CreateClient();

        await client.GetStringAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => Results(balancer)["Failed"] == 1);
        var pool = balancer.Pools.Find("shadow")!;
        pool.Drain(pool.Snapshot.Members[0]);
        await client.GetStringAsync("/", Cancelled);

        Assert.Equal((1, 0), (Results(balancer)["NoBackend"], balancer.Route("all").Mirror!.Active));
        Assert.Equal((0, 0), (balancer.Route("all").Failed, balancer.Pools.Find("web")!.GetStatistics().Backends[0].Failures));
    }

    [Fact]
    public async Task A_request_whose_body_never_ends_is_not_copied()
    {
        await using var main = await TestBackend.StartAsync("main");
        await using var shadow = await TestBackend.StartAsync("shadow");
        main.Script = context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return context.Response.WriteAsync("no");
        };
        await using var balancer = await StartAsync(new() { Pool = "shadow" }, main, shadow);
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(balancer.Uri.Authority), Cancelled);

        await socket.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"u8.ToArray(), Cancelled);
        await TestBalancer.WaitUntilAsync(() => main.Requests == 1);
        socket.Dispose();

        await TestBalancer.WaitUntilAsync(() => Results(balancer)["Incomplete"] == 1 && balancer.Route("all").Mirror!.Active == 0);
        Assert.Equal((0, 0), (shadow.Requests, balancer.Pools.Find("shadow")!.GetStatistics().Active));
    }

    private static IReadOnlyDictionary<string, long> Results(TestBalancer balancer) => balancer.Route("all").Mirror!.Results;

    private static Task<TestBalancer> StartAsync(MirrorOptions mirror, TestBackend main, TestBackend shadow, Action<RouteOptions>? configure = null)
    {
        var route = new RouteOptions { Mirror = mirror };
        configure?.Invoke(route);
        var options = TestBalancer.Options(("all", route));
        options.Pools["shadow"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        return TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [main], ["shadow"] = [shadow] });
    }
}
