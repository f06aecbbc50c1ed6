using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Routing;

namespace LoadBalancer.Layer7.Tests;

public sealed class RoutingTests
{
    // Each pool is named after the route that should match; the backend's name tells which did.
    private static readonly (string Name, RouteOptions Route)[] Table =
    [
        ("path", new() { Path = "/auth/{**rest}", Pool = "path" }),
        ("host", new() { Path = "/{**rest}", Hosts = ["api.example"], Pool = "host" }),
        ("wildcard-host", new() { Path = "/{**rest}", Hosts = ["*.shop.example"], Pool = "wildcard-host" }),
        ("method", new() { Path = "/items", Methods = ["POST", "PUT"], Pool = "method" }),
        ("header", new() { Path = "/items", Headers = { ["X-Version"] = ["2", "3"] }, Pool = "header" }),
        ("header-present", new() { Path = "/items", Headers = { ["X-Debug"] = [] }, Order = -1, Pool = "header-present" }),
        ("query", new() { Path = "/items", Query = { ["color"] = ["red"] }, Pool = "query" }),
        ("first", new() { Path = "/tie/{**rest}", Order = -2, Pool = "first" }),
        ("second", new() { Path = "/tie/{**rest}", Order = -1, Pool = "second" }),
        ("default", new() { Path = "/{**rest}", Pool = "default" }),
    ];

    [Theory]
    [InlineData("GET", "/auth/login", "path")]
    [InlineData("GET", "/auth", "path")]
    [InlineData("GET", "/authority", "default")]
    [InlineData("GET", "/", "default")]
    [InlineData("GET", "/deep/er/path", "default")]
    [InlineData("GET", "/", "host", "Host", "api.example")]
    [InlineData("GET", "/", "wildcard-host", "Host", "eu.shop.example")]
    [InlineData("GET", "/", "default", "Host", "shop.example.org")]
    [InlineData("POST", "/items", "method")]
    [InlineData("PUT", "/items", "method")]
    [InlineData("GET", "/items", "default")]
    [InlineData("GET", "/items", "header", "X-Version", "2")]
    [InlineData("GET", "/items", "header", "X-Version", "3")]
    [InlineData("GET", "/items", "default", "X-Version", "4")]
    [InlineData("GET", "/items", "header-present", "X-Debug", "anything")]
    [InlineData("GET", "/items?color=red", "query")]
    [InlineData("GET", "/items?color=blue", "default")]
    [InlineData("GET", "/tie/x", "first")]
    public async Task A_request_goes_to_the_pool_of_the_route_that_matches(string method, string path, string expected, string? header = null, string? value = null)
    {
        var backends = new Dictionary<string, TestBackend[]>();
        foreach (var (name, _) in Table)
        {
            backends[name] = [await TestBackend.StartAsync(name)];
        }

        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(Table), backends);
        using var client = balancer.CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (header is not null)
        {
            request.Headers.Add(header, value);
        }

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadFromJsonAsync<Answer>(TestContext.Current.CancellationToken);

        Assert.Equal(expected, answer!.Replica);
        Assert.Equal(path, answer.Path);
        Assert.Equal(method, answer.Method);
        Assert.Equal(1, balancer.Route(expected).Forwarded);
        foreach (var backend in backends.Values.SelectMany(list => list))
        {
            await backend.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("/auth/login?next=%2Fhome", "/login?next=%2Fhome")]
    [InlineData("/auth/", "/")]
    [InlineData("/auth", "/")]
    public async Task RemovePrefix_hides_the_prefix_from_the_backend(string asked, string seen)
    {
        await using var backend = await TestBackend.StartAsync("auth");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("auth", new() { Path = "/auth/{**rest}", RemovePrefix = "/auth" })), backend);

        Assert.Equal(seen, (await balancer.GetAsync(asked)).Path);
    }

    [Fact]
    public async Task A_path_that_no_route_matches_is_404_and_reaches_no_backend()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("only", new() { Path = "/only" })), backend);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/other", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(0, backend.Requests);
    }

    [Fact]
    public async Task Changed_routes_take_effect_without_a_restart()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("old", new() { Path = "/old" }));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        var port = balancer.Uri.Port;
        var changed = TestBalancer.Options(("new", new() { Path = "/new" }));

        await balancer.ApplyAsync(changed);

        using var client = balancer.CreateClient();
        await TestBalancer.WaitUntilAsync(async () => (await client.GetAsync("/new", TestContext.Current.CancellationToken)).StatusCode == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/old", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(port, balancer.Uri.Port);
    }

    [Fact]
    public async Task A_route_and_its_pool_can_go_together_while_others_stay()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var both = TestBalancer.Options(("stays", new() { Path = "/stays" }), ("goes", new() { Path = "/goes", Pool = "old" }));
        await using var balancer = await TestBalancer.StartAsync(both, new Dictionary<string, TestBackend[]> { ["web"] = [backend], ["old"] = [backend] });

        await balancer.ApplyAsync(TestBalancer.Options(("stays", new() { Path = "/stays" })));

        using var client = balancer.CreateClient();
        await TestBalancer.WaitUntilAsync(async () => (await client.GetAsync("/goes", TestContext.Current.CancellationToken)).StatusCode == HttpStatusCode.NotFound);
        Assert.Equal("a", (await balancer.GetAsync("/stays")).Replica);
        Assert.Null(balancer.Pools.Find("old"));
    }

    [Theory]
    [InlineData("/a/{**rest}/b", "Routes:bad:Path")]
    [InlineData("/a/{x", "Routes:bad:Path")]
    [InlineData("/{x}/{x}", "Routes:bad:Path")]
    [InlineData("/{id:foo}", "Routes:bad:Path")]
    public void A_path_template_that_routing_cannot_read_is_an_error_that_names_it(string path, string key)
    {
        var error = Assert.Single(RouteValidator.Validate(TestBalancer.Options(("bad", new() { Path = path }))));

        Assert.EndsWith(key, error.Key);
        Assert.Contains($"'{path}'", error.Message);
    }

    [Fact]
    public void What_YARP_would_refuse_is_an_error_that_names_the_route()
    {
        var error = Assert.Single(RouteValidator.Validate(TestBalancer.Options(("bad", new() { Path = "/x", Methods = ["PROPFIND"] }))));

        Assert.Equal("LoadBalancer:Layer7:Routes:bad", error.Key);
        Assert.Contains("PROPFIND", error.Message);
    }

    [Fact]
    public async Task A_route_that_changes_to_another_pool_loses_no_request()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        LoadBalancerOptions To(string pool)
        {
            var options = TestBalancer.Options(("all", new() { Pool = pool }));
            options.Pools["a"] = options.Pools["b"] = options.Pools[pool];
            return options;
        }

        await using var balancer = await TestBalancer.StartAsync(To("a"), new Dictionary<string, TestBackend[]> { ["a"] = [a], ["b"] = [b] });
        using var client = balancer.CreateClient();
        using var enough = new CancellationTokenSource();
        var requests = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                // Throws for any status but success.
                await client.GetStringAsync("/", TestContext.Current.CancellationToken);
            }
        }, TestContext.Current.CancellationToken);

        for (var i = 0; i < 20; i++)
        {
            await balancer.ApplyAsync(To(i % 2 == 0 ? "b" : "a"));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await enough.CancelAsync();
        await requests;
        Assert.True(a.Requests > 0 && b.Requests > 0);
    }

    [Fact]
    public void Routes_that_want_the_same_requests_are_an_error_that_names_both()
    {
        var options = TestBalancer.Options(
            ("one", new() { Path = "/x/{**rest}", Methods = ["GET", "POST"] }),
            ("two", new() { Path = "/x/{**other}", Methods = ["POST", "GET"] }));

        var error = Assert.Single(RouteValidator.Validate(options));

        Assert.Equal("LoadBalancer:Layer7:Routes:two", error.Key);
        Assert.Contains("'one'", error.Message);
    }

    [Fact]
    public void Routes_that_differ_in_order_alone_are_allowed() => Assert.Empty(RouteValidator.Validate(TestBalancer.Options(
        ("one", new() { Path = "/x", Order = 1 }),
        ("two", new() { Path = "/x", Order = 2 }))));
}
