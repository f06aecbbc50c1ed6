using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class CachingTests
{
    private static RouteOptions Cached => new() { Path = "/{**rest}", Cache = new RouteCacheOptions { Duration = TimeSpan.FromMinutes(1) } };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_request_is_answered_from_memory_with_an_age()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);
        using var client = balancer.CreateClient();

        using var miss = await client.GetAsync("/about", Cancelled);
        using var hit = await client.GetAsync("/about", Cancelled);

        Assert.Equal(1, backend.Requests);
        Assert.False(miss.Headers.Age.HasValue);
        Assert.True(hit.Headers.Age.HasValue);
        Assert.Equal(await miss.Content.ReadAsStringAsync(Cancelled), await hit.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal((2, 1, 1), (balancer.Route("cached").Requests, balancer.Route("cached").Forwarded, balancer.Route("cached").CacheHits));
    }

    [Fact]
    public async Task A_route_without_a_cache_asks_the_backend_each_time()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("plain", new())), backend);
        using var client = balancer.CreateClient();

        await client.GetStringAsync("/about", Cancelled);
        await client.GetStringAsync("/about", Cancelled);

        Assert.Equal(2, backend.Requests);
        Assert.Equal(0, balancer.Route("plain").CacheHits);
    }

    [Fact]
    public async Task A_hundred_parallel_misses_are_collapsed()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);
        using var client = balancer.CreateClient(handler => handler.MaxConnectionsPerServer = 100);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.GetStringAsync("/about", Cancelled)));

        Assert.Equal(1, backend.Requests);
        Assert.Equal((100, 1, 99), (balancer.Route("cached").Requests, balancer.Route("cached").Forwarded, balancer.Route("cached").CacheHits));
    }

    [Theory]
    [InlineData("/about?v=1", "/about?v=2")]
    [InlineData("/about", "/other")]
    [InlineData("/about", "/About")]
    public async Task Another_address_is_another_answer(string first, string second)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);

        Assert.Equal(first, (await balancer.GetAsync(first)).Path);
        Assert.Equal(second, (await balancer.GetAsync(second)).Path);
        Assert.Equal(2, backend.Requests);
    }

    [Theory]
    [InlineData("/private")]
    [InlineData("/strange-control")]
    [InlineData("/no-cache")]
    [InlineData("/cookie")]
    [InlineData("/missing")]
    public async Task What_must_not_be_shared_is_not_stored(string path)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);
        using var client = balancer.CreateClient();

        using var first = await client.GetAsync(path, Cancelled);
        using var second = await client.GetAsync(path, Cancelled);

        Assert.Equal(2, backend.Requests);
    }

    [Fact]
    public async Task A_request_with_credentials_neither_reads_nor_fills_the_cache()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);
        using var client = balancer.CreateClient();
        await client.GetStringAsync("/about", Cancelled);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        var answer = await client.GetFromJsonAsync<Answer>("/about", Cancelled);

        Assert.Equal(2, answer!.Count);
        client.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(1, (await client.GetFromJsonAsync<Answer>("/about", Cancelled))!.Count);
    }

    [Fact]
    public async Task Half_an_answer_is_not_stored()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached with { Retry = new() { Attempts = 1 } })), backend);
        using var client = balancer.CreateClient();

        for (var i = 1; i <= 2; i++)
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync("/half", Cancelled));
            Assert.Equal(i, backend.Requests);
        }
    }

    [Fact]
    public async Task Routes_that_differ_by_a_header_do_not_share_answers()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        RouteOptions Route(string value) => new() { Path = "/{**rest}", Headers = { ["X-T"] = [value] }, Pool = value, Cache = new() };
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("one", Route("a")), ("two", Route("b"))),
            new Dictionary<string, TestBackend[]> { ["a"] = [a], ["b"] = [b] });

        foreach (var name in new[] { "a", "b", "a" })
        {
            using var client = balancer.CreateClient();
            client.DefaultRequestHeaders.Add("X-T", name);
            Assert.Equal(name, (await client.GetFromJsonAsync<Answer>("/same", Cancelled))!.Replica);
        }
    }

    [Fact]
    public async Task A_second_web_socket_on_a_cached_route_does_not_wait_for_the_first()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);
        var uri = new UriBuilder(balancer.Uri) { Scheme = "ws", Path = "/ws" }.Uri;
        using var first = new System.Net.WebSockets.ClientWebSocket();
        using var second = new System.Net.WebSockets.ClientWebSocket();

        await first.ConnectAsync(uri, Cancelled);
        await second.ConnectAsync(uri, Cancelled).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

        Assert.Equal(System.Net.WebSockets.WebSocketState.Open, second.State);
    }

    [Fact]
    public async Task A_post_is_never_answered_from_memory()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 2; i++)
        {
            using var response = await client.PostAsync("/about", null, Cancelled);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(2, backend.Requests);
    }

    [Fact]
    public async Task Changed_routes_empty_the_cache_and_a_changed_pool_does_not()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var other = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", Cached)), backend);
        Assert.Equal(1, (await balancer.GetAsync("/about")).Count);

        await balancer.SetBackendsAsync("web", backend.Address, other.Address);
        await balancer.ApplyAsync(TestBalancer.Options(("cached", Cached)));
        Assert.Equal(1, (await balancer.GetAsync("/about")).Count);
        Assert.Equal(1, backend.Requests + other.Requests);

        await balancer.ApplyAsync(TestBalancer.Options(("cached", new() { Path = "/{**rest}", Cache = new() { Duration = TimeSpan.FromMinutes(2) } })));
        await TestBalancer.WaitUntilAsync(async () => await balancer.GetAsync("/about") is not null && backend.Requests + other.Requests == 2);
    }

    [Fact]
    public async Task Paths_that_decode_to_the_same_are_two_addresses()
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            return context.Response.WriteAsync(context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget);
        });

        Assert.Equal("/a%2Fb", (await origin.AskAsync("/a%2Fb")).Body);
        Assert.Equal("/a%252Fb", (await origin.AskAsync("/a%252Fb")).Body);
        Assert.Equal("/a%2Fb", (await origin.AskAsync("/a%2Fb")).Body);
        Assert.Equal(2, origin.Backend.Requests);
    }
}
