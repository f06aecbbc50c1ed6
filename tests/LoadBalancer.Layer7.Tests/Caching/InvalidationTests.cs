using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class InvalidationTests
{
    [Theory]
    [InlineData("POST", 200, 2)]
    [InlineData("PUT", 204, 2)]
    [InlineData("DELETE", 303, 2)]
    [InlineData("PATCH", 200, 2)]
    [InlineData("INVENTED", 200, 2)]
    [InlineData("POST", 404, 1)]
    [InlineData("POST", 500, 1)]
    [InlineData("OPTIONS", 200, 1)]
    public async Task An_unsafe_method_that_succeeds_makes_what_is_stored_invalid(string method, int status, int gets)
    {
        var count = 0;
        await using var origin = await StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        }, () => count++);

        await origin.AskAsync("/a?b=1");
        using var response = await origin.SendAsync(new(method), "/a?b=1");
        await origin.AskAsync("/a?b=1");

        Assert.Equal(gets, count);
        Assert.Equal("edge; fwd=method", CachedOrigin.CacheStatusOf(response));
    }

    [Fact]
    public async Task What_was_stored_before_a_reload_is_made_invalid_after_it()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(Options(), backend);
        using var client = balancer.CreateClient();
        await balancer.GetAsync("/about");
        await balancer.ApplyAsync(Options());
        Assert.Equal(1, balancer.Layer7.GetStatistics().Cache.Entries);

        using var changed = await client.DeleteAsync("/about", TestContext.Current.CancellationToken);
        await balancer.GetAsync("/about");

        Assert.Equal(3, backend.Requests);

        static LoadBalancerOptions Options() => TestBalancer.Options(("cached", new() { Cache = new() { Duration = TimeSpan.FromMinutes(1) } }));
    }

    [Theory]
    [InlineData("Location", "/created", true)]
    [InlineData("Location", "created", true)]
    [InlineData("Content-Location", "/created", true)]
    [InlineData("Location", "http://elsewhere.example/created", false)]
    [InlineData("Location", "http://[", false)]
    public async Task So_do_the_addresses_that_its_answer_names_if_they_are_this_services(string header, string value, bool isInvalidated)
    {
        var count = 0;
        await using var origin = await StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers[header] = value;
            return Task.CompletedTask;
        }, () => count++);

        await origin.AskAsync("/created");
        using var response = await origin.SendAsync(HttpMethod.Post, "/collection");
        await origin.AskAsync("/created");

        Assert.Equal(isInvalidated ? 2 : 1, count);
    }

    [Fact]
    public async Task A_route_without_a_cache_invalidates_what_another_route_stored()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("read", new() { Path = "/{**rest}", Methods = ["GET"], Cache = new() { Duration = TimeSpan.FromMinutes(1) } }), ("write", new() { Path = "/{**rest}", Order = 1 })),
            backend);
        using var client = balancer.CreateClient();

        await balancer.GetAsync("/thing");
        using var response = await client.PostAsync("/thing", null, TestContext.Current.CancellationToken);
        await balancer.GetAsync("/thing");

        Assert.Equal(3, backend.Requests);
        Assert.False(response.Headers.Contains("Cache-Status"));
    }

    [Fact]
    public async Task An_answer_that_was_under_way_before_a_change_is_neither_stored_nor_given_to_those_who_ask_after_it()
    {
        var release = new TaskCompletionSource();
        var gets = 0;
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            if (context.Request.Method == "GET")
            {
                var number = Interlocked.Increment(ref gets);
                if (number == 1)
                {
                    await release.Task;
                }

                await CachedOrigin.AnswerAsync(context, "max-age=60", $"{number}");
            }
        });

        var before = origin.AskAsync("/thing");
        await TestBalancer.WaitUntilAsync(() => Volatile.Read(ref gets) == 1);
        using (await origin.SendAsync(HttpMethod.Post, "/thing"))
        {
        }

        var after = await origin.AskAsync("/thing");
        release.SetResult();

        Assert.Equal(("1", "2"), ((await before).Body, after.Body));
        Assert.Equal("2", (await origin.AskAsync("/thing")).Body);
    }

    [Fact]
    public async Task Changed_options_empty_a_routes_memory_and_no_other_routes()
    {
        await using var backend = await TestBackend.StartAsync("a");
        Configuration.LoadBalancerOptions Options(int seconds) => TestBalancer.Options(
            ("a", new() { Path = "/a", Cache = new() { Duration = TimeSpan.FromSeconds(seconds) } }),
            ("b", new() { Path = "/b", Cache = new() { Duration = TimeSpan.FromSeconds(60) } }));
        await using var balancer = await TestBalancer.StartAsync(Options(60), backend);
        await balancer.GetAsync("/a");
        await balancer.GetAsync("/b");

        await balancer.ApplyAsync(Options(60));
        Assert.Equal(["/a", "/b"], Paths());
        await balancer.ApplyAsync(Options(61));
        Assert.Equal(["/b"], Paths());

        // YARP takes new routes a moment later; until it has, requests pass by the cache.
        await TestBalancer.WaitUntilAsync(async () => await balancer.GetAsync("/a") is not null && Paths().Length == 2);
        Assert.Equal(2, (await balancer.GetAsync("/b")).Count);

        string[] Paths() => [.. balancer.Layer7.ListCache().Select(answer => new Uri(answer.Url).AbsolutePath).Order()];
    }

    [Fact]
    public async Task A_pool_that_becomes_another_service_empties_its_routes_memory()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        Configuration.LoadBalancerOptions Options(string service)
        {
            var options = TestBalancer.Options(("cached", new() { Cache = new() { Duration = TimeSpan.FromMinutes(1) } }));
            options.Pools["web"].Service = service;
            return options;
        }

        await using var balancer = await TestBalancer.StartAsync(Options("http://web"), a);
        balancer.SetBackends("other", b.Address);
        Assert.Equal("a", (await balancer.GetAsync("/")).Replica);

        await balancer.ApplyAsync(Options("http://other"));
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Available.Length == 1);

        Assert.Equal("b", (await balancer.GetAsync("/")).Replica);
    }

    private static Task<CachedOrigin> StartAsync(RequestDelegate change, Action count) => CachedOrigin.StartAsync(context =>
    {
        if (context.Request.Method != "GET")
        {
            return change(context);
        }

        count();
        return CachedOrigin.AnswerAsync(context, "max-age=60");
    });
}
