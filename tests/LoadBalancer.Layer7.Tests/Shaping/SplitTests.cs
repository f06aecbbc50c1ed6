using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Shaping;

namespace LoadBalancer.Layer7.Tests.Shaping;

public sealed class SplitTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void Turns_are_each_number_once_in_a_hundred_and_far_apart()
    {
        var turns = new PercentTurns();

        int[] numbers = [.. Enumerable.Range(0, 200).Select(_ => turns.Next())];

        Assert.Equal(Enumerable.Range(0, 100), numbers[..100].Order());
        Assert.Equal(numbers[..100], numbers[100..]);
        // Ten percent are at most three of any twenty in a row, and at least one.
        Assert.All(Enumerable.Range(0, 180), start => Assert.InRange(numbers[start..(start + 20)].Count(number => number < 10), 1, 3));
    }

    [Fact]
    public async Task Shares_are_exact_and_counted()
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(new() { Pools = { ["canary"] = 10, ["other"] = 5 } }, stable, canary, other);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 200; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        Assert.Equal((170, 20, 10), (stable.Requests, canary.Requests, other.Requests));
        Assert.Equal([("web", 85, 170), ("canary", 10, 20), ("other", 5, 10)], balancer.Route("all").Split.Select(share => (share.Pool, share.Percent, (int)share.Requests)));
    }

    [Fact]
    public async Task A_cookie_keeps_a_client_on_its_pool_while_that_has_a_share()
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(new() { Pools = { ["canary"] = 50 } }, stable, canary, other);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);

        var first = (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(first, (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }

        // The pool that it was given has no share any more.
        Assert.Empty(balancer.Layer7.SetSplit("all", new(new Dictionary<string, int> { ["canary"] = first == "canary" ? 0 : 100 })));
        Assert.Equal(first == "canary" ? "stable" : "canary", (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
    }

    [Fact]
    public async Task Each_pool_has_cached_answers_of_its_own()
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(new() { Pools = { ["canary"] = 50 } }, stable, canary, other, new() { Duration = TimeSpan.FromMinutes(1) });
        using var client = balancer.CreateClient();

        var replicas = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            replicas.Add((await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }

        Assert.Equal((10, 10), (replicas.Count(replica => replica == "stable"), replicas.Count(replica => replica == "canary")));
        Assert.Equal((1, 1), (stable.Requests, canary.Requests));

        // What changes the resource changes it for the clients of either.
        using var changed = await client.DeleteAsync("/", Cancelled);
        for (var i = 0; i < 20; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        Assert.Equal(5, stable.Requests + canary.Requests);
    }

    [Fact]
    public async Task The_cookie_is_safe_to_have_and_one_that_names_no_pool_of_the_split_is_not_believed()
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(new() { Pools = { ["canary"] = 0 } }, stable, canary, other);
        using var client = balancer.CreateClient();
        foreach (var value in new[] { "other", "canary", "nosuch", "", "%00", "web; x" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.TryAddWithoutValidation("Cookie", $"lb-split-all={value}");
            using var response = await client.SendAsync(request, Cancelled);

            Assert.Equal("stable", (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Replica);
            if (value != "web; x")
            {
                Assert.Equal("lb-split-all=web; path=/; samesite=lax; httponly", Assert.Single(response.Headers.GetValues("Set-Cookie")));
            }
        }

        Assert.Equal(0, canary.Requests + other.Requests);
    }

    [Fact]
    public async Task Without_stickiness_there_is_no_cookie()
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(new() { Sticky = false, Pools = { ["canary"] = 50 } }, stable, canary, other);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);

        for (var i = 0; i < 100; i++)
        {
            using var response = await client.GetAsync("/", Cancelled);
            Assert.False(response.Headers.Contains("Set-Cookie"));
        }

        Assert.Equal((50, 50), (stable.Requests, canary.Requests));
    }

    [Fact]
    public async Task A_command_holds_until_the_configuration_splits_otherwise()
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(new() { Pools = { ["canary"] = 10 } }, stable, canary, other);
        int[] Shares() => [.. balancer.Route("all").Split.Select(share => share.Percent)];

        Assert.Empty(balancer.Layer7.SetSplit("all", new(new Dictionary<string, int> { ["canary"] = 60, ["other"] = 40 })));
        Assert.Equal([0, 60, 40], Shares());

        // Something else has changed.
        var same = Options(new() { Pools = { ["canary"] = 10 } });
        same.Layer7.Routes["all"].Retry.Attempts = 2;
        await balancer.ApplyAsync(same);
        Assert.Equal([0, 60, 40], Shares());

        await balancer.ApplyAsync(Options(new() { Pools = { ["canary"] = 20 } }));
        Assert.Equal([80, 20], Shares());
    }

    [Fact]
    public async Task A_route_without_a_split_can_be_split_by_command_among_pools_that_routes_name()
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(null, stable, canary, other);
        Assert.Empty(balancer.Route("all").Split);

        Assert.Empty(balancer.Layer7.SetSplit("ALL", new(new Dictionary<string, int> { ["Canary"] = 100 })));

        Assert.Equal("canary", (await balancer.GetAsync("/")).Replica);
    }

    [Theory]
    [InlineData("web", 10, "pools.web: is the route's own pool, which gets the rest; must be another")]
    [InlineData("nosuch", 10, "pools.nosuch: there is no such pool that routes name; there are canary, other, web")]
    [InlineData("canary", 101, "pools.canary: '101' is out of range; must be 0 to 100")]
    public async Task A_bad_command_changes_nothing_and_says_why(string pool, int percent, string expected)
    {
        await using var stable = await TestBackend.StartAsync("stable");
        await using var canary = await TestBackend.StartAsync("canary");
        await using var other = await TestBackend.StartAsync("other");
        await using var balancer = await StartAsync(new() { Pools = { ["canary"] = 10 } }, stable, canary, other);

        Assert.Contains(expected, balancer.Layer7.SetSplit("all", new(new Dictionary<string, int> { [pool] = percent })));

        Assert.Contains("pools: is missing; must have the percent of the requests by pool", balancer.Layer7.SetSplit("all", new(null!)));
        Assert.Equal([90, 10], balancer.Route("all").Split.Select(share => share.Percent));
    }

    private static LoadBalancerOptions Options(SplitOptions? split, RouteCacheOptions? cache = null) =>
        TestBalancer.Options(("all", new() { Split = split, Cache = cache }), ("canary", new() { Path = "/canary", Pool = "canary" }), ("other", new() { Path = "/other", Pool = "other" }));

    private static Task<TestBalancer> StartAsync(SplitOptions? split, TestBackend stable, TestBackend canary, TestBackend other, RouteCacheOptions? cache = null) =>
        TestBalancer.StartAsync(Options(split, cache), new Dictionary<string, TestBackend[]> { ["web"] = [stable], ["canary"] = [canary], ["other"] = [other] });
}
