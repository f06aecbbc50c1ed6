using System.Net.Http.Json;

namespace LoadBalancer.Layer7.Tests;

public sealed class SessionAffinityTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_keeps_the_cookie_stays_on_its_backend_and_others_are_spread()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var c = await TestBackend.StartAsync("c");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = new() })), a, b, c);

        var firsts = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            using var client = balancer.CreateClient(handler => handler.UseCookies = true);
            var first = (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
            firsts.Add(first);
            for (var j = 0; j < 10; j++)
            {
                Assert.Equal(first, (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
            }
        }

        Assert.Equal(3, firsts.Count);
    }

    [Fact]
    public async Task Two_pools_do_not_take_each_others_cookie()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var c = await TestBackend.StartAsync("c");
        await using var d = await TestBackend.StartAsync("d");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("x", new() { Path = "/x", Pool = "x", SessionAffinity = new() }), ("y", new() { Path = "/y", Pool = "y", SessionAffinity = new() })),
            new Dictionary<string, TestBackend[]> { ["x"] = [a, b], ["y"] = [c, d] });
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);

        var replicas = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            replicas.Add((await client.GetFromJsonAsync<Answer>("/x", Cancelled))!.Replica);
            replicas.Add((await client.GetFromJsonAsync<Answer>("/y", Cancelled))!.Replica);
        }

        Assert.Equal(2, replicas.Count);
    }

    [Fact]
    public async Task The_cookie_has_the_configured_name_cannot_be_read_by_scripts_and_hides_the_address()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = new() { Cookie = "my-lb" } })), a);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));

        Assert.StartsWith("my-lb=", cookie);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(new Uri(a.Address).Port.ToString(), cookie);
    }

    [Fact]
    public async Task A_client_whose_backend_is_gone_gets_another_and_stays_there()
    {
        await using var a = await TestBackend.StartAsync("a");
        var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = new() })), a, b);
        using var one = balancer.CreateClient(handler => handler.UseCookies = true);
        using var two = balancer.CreateClient(handler => handler.UseCookies = true);
        var first = (await one.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        var second = (await two.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        Assert.Equal(["a", "b"], new[] { first, second }.Order());
        var client = first == "b" ? one : two;

        await b.DisposeAsync();
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Available.Length == 1);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("a", (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }
    }
}
