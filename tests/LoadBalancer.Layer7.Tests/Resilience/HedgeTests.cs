using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Resilience;

public sealed class HedgeTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_slow_backend_is_overtaken_by_another_and_has_not_failed()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        var cancelled = 0;
        a.Script = async context =>
        {
            await Task.Delay(-1, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Increment(ref cancelled);
        };
        await using var balancer = await TestBalancer.StartAsync(Options(new() { SessionAffinity = new() }), a, b);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/x?y=1", Cancelled);

        var answer = await response.Content.ReadFromJsonAsync<Answer>(Cancelled);
        Assert.Equal(("b", "/x?y=1"), (answer!.Replica, answer.Path));
        Assert.Equal("127.0.0.1", answer.Headers["X-Forwarded-For"]);
        Assert.Equal(new Uri(b.Address).Authority, answer.Headers["Host"]);
        Assert.Equal((1L, 1L), (balancer.Route("all").Resilience.Hedges, balancer.Route("all").Resilience.HedgesWon));
        await TestBalancer.WaitUntilAsync(() => Volatile.Read(ref cancelled) == 1 && balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        Assert.All(balancer.Pools.Find("web")!.GetStatistics().Backends, backend => Assert.Equal((0, 1), (backend.Failures, backend.Picks)));
        // It took that long at least: one that is never the first must not look as if it took no time.
        Assert.True(balancer.Pools.Find("web")!.GetStatistics().Backends.Single(backend => backend.Name == "a").LatencyMilliseconds >= 45);

        // Whoever answered is who the client stays with.
        using var again = new HttpRequestMessage(HttpMethod.Get, "/");
        again.Headers.Add("Cookie", response.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using var second = await client.SendAsync(again, Cancelled);
        Assert.Equal("b", (await second.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Replica);
        Assert.Equal(1, a.Requests);
    }

    [Fact]
    public async Task A_quick_backend_is_asked_alone()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(Options(new() { Hedge = new() { Delay = TimeSpan.FromSeconds(30) } }), a, b);

        Assert.Equal("a", (await balancer.GetAsync("/")).Replica);

        Assert.Equal((0, 0L), (b.Requests, balancer.Route("all").Resilience.Hedges));
    }

    [Fact]
    public async Task What_is_not_idempotent_or_has_a_body_is_never_sent_twice()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = async context =>
        {
            await Task.Delay(300);
            await context.Response.WriteAsync("a");
        };
        await using var balancer = await TestBalancer.StartAsync(Options(new()), a, b);
        using var client = balancer.CreateClient();

        using var posted = await client.PostAsync("/", null, Cancelled);
        using var content = new StringContent("hello");
        using var put = await client.PutAsync("/", content, Cancelled);

        Assert.Equal(("a", "a"), (await posted.Content.ReadAsStringAsync(Cancelled), await put.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal((0, 0L), (b.Requests, balancer.Route("all").Resilience.Hedges));
    }

    [Fact]
    public async Task One_that_fails_leaves_the_answer_to_the_other()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        b.Script = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        await using var balancer = await TestBalancer.StartAsync(Options(new()), a, b);
        using var client = balancer.CreateClient();
        a.Script = async context =>
        {
            await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends.Any(backend => backend is { Name: "b", Failures: 1 }));
            await context.Response.WriteAsync("a");
        };

        Assert.Equal("a", await client.GetStringAsync("/", Cancelled));

        var backends = balancer.Pools.Find("web")!.GetStatistics().Backends;
        Assert.Equal((0L, 1L), (backends.Single(backend => backend.Name == "a").Failures, backends.Single(backend => backend.Name == "b").Failures));
        Assert.Equal((1L, 0L, 0L), (balancer.Route("all").Resilience.Hedges, balancer.Route("all").Resilience.HedgesWon, balancer.Route("all").Failed));
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
    }

    [Fact]
    public async Task One_that_accepts_no_connection_in_time_has_failed_while_the_other_is_waited_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a full queue refuses connections");
        using var silent = new SilentPort();
        await using var b = await TestBackend.StartAsync("b");
        // The time is for b as well, on a busy machine.
        var options = Options(new() { Timeouts = new() { Connect = TimeSpan.FromSeconds(2) } });
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, b);
        await balancer.SetBackendsAsync("web", silent.Address, b.Address);
        var pool = balancer.Pools.Find("web")!;
        b.Script = async context =>
        {
            await TestBalancer.WaitUntilAsync(() => FailuresAt(silent.Address) == 1);
            await context.Response.WriteAsync("b");
        };
        using var client = balancer.CreateClient();

        Assert.Equal("b", await client.GetStringAsync("/", Cancelled));

        await TestBalancer.WaitUntilAsync(() => pool.GetStatistics().Active == 0);
        Assert.Equal((1, 0), (FailuresAt(silent.Address), FailuresAt(b.Address)));
        Assert.Equal(1, balancer.Route("all").Resilience.Timeouts["Connect"]);

        long FailuresAt(string address) => pool.Snapshot.Members.Single(backend => backend.Id == new Uri(address).Authority).Failures;
    }

    [Fact]
    public async Task When_all_fail_the_client_is_told_and_nobody_stays_counted_as_busy()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = b.Script = async context =>
        {
            await TestBalancer.WaitUntilAsync(() => a.Requests == 1 && b.Requests == 1);
            context.Abort();
        };
        await using var balancer = await TestBalancer.StartAsync(Options(new() { Retry = new() { Attempts = 1 } }), a, b);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        Assert.All(balancer.Pools.Find("web")!.GetStatistics().Backends, backend => Assert.Equal(1, backend.Failures));
    }

    [Fact]
    public async Task Hedges_count_against_the_budget_of_retries()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(Options(new() { Retry = new() { Budget = 0 } }), a, b);
        using var client = balancer.CreateClient();
        a.Script = async context =>
        {
            // Until the balancer would not wait for it any longer.
            var asked = a.Requests;
            await TestBalancer.WaitUntilAsync(() => balancer.Route("all").Resilience is var figures && figures.Hedges + figures.RetriesRefused >= asked);
            await context.Response.WriteAsync("a");
        };

        for (var i = 0; i < 5; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        Assert.Equal((3L, 2L), (balancer.Route("all").Resilience.Hedges, balancer.Route("all").Resilience.RetriesRefused));
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_all()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = b.Script = context => Task.Delay(-1, context.RequestAborted);
        await using var balancer = await TestBalancer.StartAsync(Options(new()), a, b);
        using var client = balancer.CreateClient();
        using var impatience = new CancellationTokenSource();
        var request = client.GetAsync("/", impatience.Token);
        await TestBalancer.WaitUntilAsync(() => a.Requests == 1 && b.Requests == 1);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        Assert.All(balancer.Pools.Find("web")!.GetStatistics().Backends, backend => Assert.Equal(0, backend.Failures));
    }

    private static LoadBalancerOptions Options(RouteOptions route)
    {
        route.Policy = SelectionPolicy.First;
        route.Hedge ??= new() { Delay = TimeSpan.FromMilliseconds(50) };
        return TestBalancer.Options(("all", route));
    }
}
