using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer7.Tests.Limits;

public sealed class ConcurrencyTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_more_than_may_run_and_wait_is_503_at_once()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Requests = 1, QueueLength = 1, QueueTimeout = TimeSpan.FromMinutes(1) }, backend);
        using var busy = await Held.StartAsync(balancer, backend);
        using var waiting = balancer.CreateClient();
        var second = waiting.GetAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => Limits(balancer).Queued == 1);

        using var third = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode);
        Assert.Equal("1", third.Headers.GetValues("Retry-After").Single());
        Assert.Contains("\"reason\": \"RouteFull\"", await third.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(new(0, 1, 0, Active: 1, Queued: 1), Limits(balancer));
        Assert.Equal(1, backend.Requests);

        busy.Release();
        using var served = await second;
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        await TestBalancer.WaitUntilAsync(() => Limits(balancer) is { Active: 0, Queued: 0 });
    }

    [Fact]
    public async Task One_that_waits_too_long_is_503()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Requests = 1, QueueTimeout = TimeSpan.FromMilliseconds(100) }, backend);
        using var busy = await Held.StartAsync(balancer, backend);

        using var response = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("\"reason\": \"RouteQueueTimeout\"", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(new(0, 1, 0, Active: 1, Queued: 0), Limits(balancer));
    }

    [Fact]
    public async Task Without_a_queue_nobody_waits()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Requests = 1, QueueLength = 0, QueueTimeout = TimeSpan.FromMinutes(10) }, backend);
        using var busy = await Held.StartAsync(balancer, backend);

        using var response = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task Those_who_wait_are_served_in_the_order_in_which_they_came()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Requests = 1, QueueTimeout = TimeSpan.FromMinutes(1) }, backend);
        using var busy = await Held.StartAsync(balancer, backend);
        var waiting = new List<Task<Answer?>>();
        for (var i = 1; i <= 6; i++)
        {
            waiting.Add(balancer.CreateClient().GetFromJsonAsync<Answer>("/", Cancelled));
            await TestBalancer.WaitUntilAsync(() => Limits(balancer).Queued == waiting.Count);
        }

        busy.Release();

        // The backend counts: the first that it saw was the one that held the others up.
        var answers = await Task.WhenAll(waiting);
        Assert.Equal([2, 3, 4, 5, 6, 7], answers.Select(answer => answer!.Count));
    }

    [Fact]
    public async Task A_client_that_goes_away_while_it_waits_leaves_its_place()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Requests = 1, QueueLength = 1, QueueTimeout = TimeSpan.FromMinutes(1) }, backend);
        using var busy = await Held.StartAsync(balancer, backend);
        using var impatience = new CancellationTokenSource();
        var leaving = balancer.CreateClient().GetAsync("/", impatience.Token);
        await TestBalancer.WaitUntilAsync(() => Limits(balancer).Queued == 1);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        await TestBalancer.WaitUntilAsync(() => Limits(balancer).Queued == 0);
        Assert.Equal(new(0, 0, 0, Active: 1, Queued: 0), Limits(balancer));
    }

    [Fact]
    public async Task A_limit_that_is_raised_lets_in_who_waits_and_counts_who_is_in()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new() { Concurrency = new() { Requests = 1, QueueTimeout = TimeSpan.FromMinutes(1) } }));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var busy = await Held.StartAsync(balancer, backend);
        var second = balancer.CreateClient().GetAsync("/hang", Cancelled);
        await TestBalancer.WaitUntilAsync(() => Limits(balancer).Queued == 1);

        var raised = TestBalancer.Options(("all", new() { Concurrency = new() { Requests = 2, QueueLength = 0 } }));
        raised.Pools = options.Pools;
        await balancer.ApplyAsync(raised);

        await TestBalancer.WaitUntilAsync(() => backend.Requests == 2);
        Assert.Equal(new(0, 0, 0, Active: 2, Queued: 0), Limits(balancer));
        using var third = await balancer.CreateClient().GetAsync("/", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode);
        Assert.False(second.IsCompleted);
    }

    private static RouteLimitStatistics Limits(TestBalancer balancer) => balancer.Route("all").Limits!;

    private static Task<TestBalancer> StartAsync(ConcurrencyLimitOptions limit, TestBackend backend) =>
        TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Concurrency = limit })), backend);

    /// <summary>A request that the backend has and does not answer.</summary>
    private sealed class Held : IDisposable
    {
        private readonly HttpClient _client;
        private readonly CancellationTokenSource _ending = new();

        private Held(HttpClient client)
        {
            _client = client;
            _ = client.GetAsync("/hang", _ending.Token);
        }

        public static async Task<Held> StartAsync(TestBalancer balancer, TestBackend backend)
        {
            var held = new Held(balancer.CreateClient());
            await TestBalancer.WaitUntilAsync(() => backend.Requests == 1);
            return held;
        }

        public void Release() => _ending.Cancel();

        public void Dispose()
        {
            _ending.Cancel();
            _ending.Dispose();
            _client.Dispose();
        }
    }
}
