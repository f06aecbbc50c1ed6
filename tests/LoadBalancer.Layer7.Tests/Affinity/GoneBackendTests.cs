using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer7.Tests.Affinity;

/// <summary>Sessions whose backend is gone, drains, is full, or fails.</summary>
public sealed class GoneBackendTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_that_may_not_move_is_refused_while_its_backend_takes_no_requests_and_goes_on_when_it_does()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await StartAsync(new() { WhenGone = AffinityFailure.Refuse }, a, b);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);
        var backend = await BeginAsync(balancer, client);
        var pool = balancer.Pools.Find("web")!;

        pool.Eject(backend, "by the test");
        using var refused = await client.GetAsync("/", Cancelled);
        pool.Resume(backend);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("session", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.False(refused.Headers.Contains("Set-Cookie"));
        Assert.Equal(backend.Name, await ReplicaAsync(client));
        var sessions = balancer.Route("sticky").Sessions!;
        Assert.Equal((1, 1, 0, 1), (sessions.New, sessions.Kept, sessions.Repicked, sessions.Refused));
    }

    [Theory]
    [InlineData(SessionAffinityMode.Cookie)]
    [InlineData(SessionAffinityMode.Source)]
    public async Task A_session_that_may_not_move_is_refused_once_when_its_backend_has_left_and_then_begins_anew(SessionAffinityMode mode)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await StartAsync(new() { Mode = mode, WhenGone = AffinityFailure.Refuse, Expiry = TimeSpan.FromHours(1) }, a, b);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);
        var backend = await BeginAsync(balancer, client);
        var other = backend.Name == "a" ? b : a;

        balancer.SetBackends("web", other.Address);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Members.Length == 1);

        using var refused = await client.GetAsync("/", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(other.Name, await ReplicaAsync(client));
        Assert.Equal(other.Name, await ReplicaAsync(client));
        var sessions = balancer.Route("sticky").Sessions!;
        Assert.Equal((2, 1, 0, 1), (sessions.New, sessions.Kept, sessions.Repicked, sessions.Refused));
    }

    [Fact]
    public async Task A_drained_backend_keeps_its_sessions_for_a_while_and_gets_no_new_ones()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        var options = TestBalancer.Options(("sticky", new() { SessionAffinity = new() }));
        options.DrainTimeout = TimeSpan.FromMinutes(10);
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);
        var backend = await BeginAsync(balancer, client);

        balancer.Pools.Find("web")!.Drain(backend);

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(backend.Name, await ReplicaAsync(client));
            using var newcomer = balancer.CreateClient();
            Assert.NotEqual(backend.Name, await ReplicaAsync(newcomer));
        }

        Assert.Equal(BackendState.Draining, backend.State);
        options.DrainTimeout = TimeSpan.Zero;
        await balancer.ApplyAsync(options);
        Assert.NotEqual(backend.Name, await ReplicaAsync(client));
        Assert.Equal(1, balancer.Route("sticky").Sessions!.Repicked);
    }

    [Fact]
    public async Task A_session_waits_while_its_backend_is_full()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        var options = TestBalancer.Options(("sticky", new() { SessionAffinity = new() }));
        options.Pools["web"].MaxConnections = 1;
        options.Pools["web"].QueueTimeout = TimeSpan.FromMinutes(1);
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient(handler => (handler.UseCookies, handler.MaxConnectionsPerServer) = (true, 2));
        var backend = await BeginAsync(balancer, client);
        var pool = balancer.Pools.Find("web")!;

        using var given = new CancellationTokenSource();
        var hangs = client.GetAsync("/hang", given.Token);
        await TestBalancer.WaitUntilAsync(() => backend.Active == 1);
        var waits = ReplicaAsync(client);
        await TestBalancer.WaitUntilAsync(() => pool.GetStatistics().Queued == 1);
        Assert.False(waits.IsCompleted);
        await given.CancelAsync();

        Assert.Equal(backend.Name, await waits);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hangs);
    }

    [Fact]
    public async Task A_session_whose_backend_cannot_be_connected_moves_and_its_cookie_with_it()
    {
        var a = await TestBackend.StartAsync("a");
        var b = await TestBackend.StartAsync("b");
        await using var balancer = await StartUncheckedAsync(new(), a, b);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);
        var backend = await BeginAsync(balancer, client);
        var (dead, alive) = backend.Name == "a" ? (a, b) : (b, a);
        await dead.DisposeAsync();

        using var response = await client.GetAsync("/", Cancelled);

        Assert.Equal(alive.Name, (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Replica);
        Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.Equal(alive.Name, await ReplicaAsync(client));
        var sessions = balancer.Route("sticky").Sessions!;
        Assert.Equal((1, 2, 1), (sessions.New, sessions.Kept, sessions.Repicked));
        await alive.DisposeAsync();
    }

    [Fact]
    public async Task A_session_that_may_not_move_is_refused_when_its_backend_cannot_be_connected()
    {
        var a = await TestBackend.StartAsync("a");
        var b = await TestBackend.StartAsync("b");
        await using var balancer = await StartUncheckedAsync(new() { WhenGone = AffinityFailure.Refuse }, a, b);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);
        var backend = await BeginAsync(balancer, client);
        var (dead, alive) = backend.Name == "a" ? (a, b) : (b, a);
        await dead.DisposeAsync();
        var before = alive.Requests;

        using var refused = await client.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("session", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Equal(before, alive.Requests);
        await alive.DisposeAsync();
    }

    [Fact]
    public async Task The_span_of_the_pick_says_what_affinity_did()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LoadBalancerTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("affinity-span", new() { SessionAffinity = new() }), ("affinity-span-none", new() { Path = "/none" })), a, b);
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);

        var backend = await BeginAsync(balancer, client);
        await ReplicaAsync(client);
        balancer.Pools.Find("web")!.Eject(backend, "by the test");
        await ReplicaAsync(client);
        using var none = await client.GetAsync("/none", Cancelled);

        Assert.Equal(["new", "kept", "repicked"], spans.Where(span => Equals(span.GetTagItem("lb.route"), "affinity-span")).Select(span => span.GetTagItem("lb.affinity")));
        Assert.Equal(["none"], spans.Where(span => Equals(span.GetTagItem("lb.route"), "affinity-span-none")).Select(span => span.GetTagItem("lb.affinity")));
        Assert.Null(balancer.Route("affinity-span-none").Sessions);
    }

    private static async Task<Backend> BeginAsync(TestBalancer balancer, HttpClient client)
    {
        var replica = await ReplicaAsync(client);
        return balancer.Pools.Find("web")!.Snapshot.Members.Single(backend => backend.Name == replica);
    }

    private static async Task<string> ReplicaAsync(HttpClient client) => (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;

    private static Task<TestBalancer> StartAsync(SessionAffinityOptions affinity, params TestBackend[] backends) =>
        TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = affinity })), backends);

    // Nobody but a request finds out that a backend has died.
    private static Task<TestBalancer> StartUncheckedAsync(SessionAffinityOptions affinity, params TestBackend[] backends)
    {
        var options = TestBalancer.Options(("sticky", new() { SessionAffinity = affinity }));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        return TestBalancer.StartAsync(options, backends);
    }
}
