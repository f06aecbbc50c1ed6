using System.Net.Http.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Affinity;

/// <summary>Affinity by header and by the client's address.</summary>
public sealed class OtherAffinityTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_sends_the_header_back_stays_on_its_backend_and_gets_no_cookie()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await StartAsync(new() { Mode = SessionAffinityMode.Header, Header = "X-My-Session" }, a, b);
        using var client = balancer.CreateClient();

        using var first = await client.GetAsync("/", Cancelled);
        var replica = (await first.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Replica;
        var token = Assert.Single(first.Headers.GetValues("X-My-Session"));

        Assert.False(first.Headers.Contains("Set-Cookie"));
        for (var i = 0; i < 6; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-My-Session", token } } };
            using var response = await client.SendAsync(request, Cancelled);
            Assert.Equal(replica, (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Replica);
            Assert.False(response.Headers.Contains("X-My-Session"));
        }

        using var forged = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-My-Session", token[..^1] + (token[^1] == 'A' ? 'Q' : 'A') } } };
        using var answer = await client.SendAsync(forged, Cancelled);
        Assert.True(answer.Headers.Contains("X-My-Session"));
        var sessions = balancer.Route("sticky").Sessions!;
        Assert.Equal((2, 6, 0), (sessions.New, sessions.Kept, sessions.Repicked));
    }

    [Fact]
    public async Task A_clients_address_keeps_its_backend_until_it_did_not_come_for_too_long()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await StartAsync(new() { Mode = SessionAffinityMode.Source, Expiry = TimeSpan.FromSeconds(5) }, a, b);
        using var client = balancer.CreateClient();
        using var another = balancer.CreateClient();

        using var first = await client.GetAsync("/", Cancelled);
        Assert.False(first.Headers.Contains("Set-Cookie"));
        Assert.Equal(1, balancer.Route("sticky").Sessions!.Remembered);
        await TestBalancer.WaitUntilAsync(() => balancer.Route("sticky").Sessions!.Remembered == 0);

        var replica = (await another.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        Assert.Equal(2, balancer.Route("sticky").Sessions!.New);
        // Both are 127.0.0.1. A slow machine may need longer than the session lasts.
        var before = balancer.Route("sticky").Sessions!.New;
        var next = (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        Assert.True(next == replica || balancer.Route("sticky").Sessions!.New > before);
    }

    [Fact]
    public async Task A_client_whose_address_is_remembered_gets_another_backend_when_its_own_is_gone()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await StartAsync(new() { Mode = SessionAffinityMode.Source }, a, b);
        using var client = balancer.CreateClient();
        var replica = (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(replica, (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }

        var pool = balancer.Pools.Find("web")!;
        pool.Eject(pool.Snapshot.Members.Single(backend => backend.Name == replica), "by the test");

        var other = (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        Assert.NotEqual(replica, other);
        pool.Resume(pool.Snapshot.Members.Single(backend => backend.Name == replica));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(other, (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }

        var sessions = balancer.Route("sticky").Sessions!;
        Assert.Equal((1, 10, 1), (sessions.New, sessions.Kept, sessions.Repicked));
    }

    [Fact]
    public async Task Addresses_are_remembered_through_a_reload()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        var options = TestBalancer.Options(("sticky", new() { SessionAffinity = new() { Mode = SessionAffinityMode.Source } }));
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient();
        var replica = (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;

        for (var i = 0; i < 3; i++)
        {
            options.Layer7.Routes[$"more-{i}"] = new() { Path = $"/more/{i}", Pool = "web" };
            await balancer.ApplyAsync(new() { Pools = options.Pools, Layer7 = options.Layer7 with { Routes = new(options.Layer7.Routes) } });
            Assert.Equal(replica, (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }

        Assert.Equal(1, balancer.Route("sticky").Sessions!.New);
    }

    private static Task<TestBalancer> StartAsync(SessionAffinityOptions affinity, params TestBackend[] backends) =>
        TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = affinity })), backends);
}
