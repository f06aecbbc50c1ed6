using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class CapacityTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    public enum Limit
    {
        OfTheListener,
        OfThePool,
    }

    [Theory]
    [InlineData(Limit.OfTheListener)]
    [InlineData(Limit.OfThePool)]
    public async Task Nobody_beyond_the_capacity_is_lost_when_the_queue_is_long_enough(Limit limit)
    {
        var most = 0;
        var now = 0;
        await using var backend = TestBackend.Serving(async socket =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            var text = await socket.ReceiveExactlyAsync(4);
            Interlocked.Decrement(ref now);
            await socket.SendFullyAsync(text);
        });
        await using var balancer = await StartAsync(limit, backend, max: 3, queueLength: 100, Long);

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            using var client = await balancer.ConnectAsync();
            await client.SendTextAsync($"{i:0000}");
            client.Finish();
            return await client.ReceiveTextToEndAsync();
        }));

        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"{i:0000}"), answers);
        Assert.InRange(most, 1, 3);
        Assert.Equal((0L, 60L), (balancer.Listener.Refused, balancer.Listener.Accepted));
        await Eventually.TrueAsync(() => balancer.Listener is { Active: 0, Queued: 0 } && balancer.Pool.GetStatistics() is { Active: 0, Queued: 0 });
    }

    [Theory]
    [InlineData(Limit.OfTheListener)]
    [InlineData(Limit.OfThePool)]
    public async Task A_queue_of_none_refuses_at_once(Limit limit)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await StartAsync(limit, backend, max: 1, queueLength: 0, Long);
        using var first = await OpenAsync(balancer);

        await SocketExtensions.IsResetAsync(balancer.Address);
        await SocketExtensions.IsResetAsync(balancer.Address);

        await Eventually.TrueAsync(() => balancer.Listener.Refused == 2);
        Assert.Equal(new Dictionary<string, long> { ["AtCapacity"] = 2 }, balancer.Listener.Refusals);
        await StillEchoesAsync(first);
    }

    [Theory]
    [InlineData(Limit.OfTheListener)]
    [InlineData(Limit.OfThePool)]
    public async Task Who_comes_when_the_queue_is_full_is_refused_and_the_queue_is_shown(Limit limit)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await StartAsync(limit, backend, max: 1, queueLength: 2, Long);
        using var first = await OpenAsync(balancer);
        using var second = await balancer.ConnectAsync();
        using var third = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => QueuedAt(limit, balancer) == 2);

        await SocketExtensions.IsResetAsync(balancer.Address);

        // One that the pool refuses is in at the listener for a moment longer.
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("AtCapacity") == 1 && balancer.Connections.Count == 3);
        var pool = balancer.Pool.GetStatistics();
        Assert.Equal((1, limit == Limit.OfThePool ? 1L : null), (pool.Active, pool.Capacity));
        Assert.Equal((limit == Limit.OfTheListener ? 1 : 3, limit == Limit.OfTheListener ? 1 : null), (balancer.Listener.Active, balancer.Listener.MaxConnections));

        // First come, first served.
        first.Dispose();
        await StillEchoesAsync(second);
        await Eventually.TrueAsync(() => QueuedAt(limit, balancer) == 1);
        second.Dispose();
        await StillEchoesAsync(third);
    }

    [Theory]
    [InlineData(Limit.OfTheListener)]
    [InlineData(Limit.OfThePool)]
    public async Task Who_waits_too_long_is_refused(Limit limit)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await StartAsync(limit, backend, max: 1, queueLength: 10, TimeSpan.FromMilliseconds(100));
        using var first = await OpenAsync(balancer);

        await SocketExtensions.IsResetAsync(balancer.Address);

        await Eventually.TrueAsync(() => balancer.Listener.Refused == 1);
        Assert.Equal(new Dictionary<string, long> { ["QueueTimeout"] = 1 }, balancer.Listener.Refusals);
        Assert.Equal(0, QueuedAt(limit, balancer));
        await StillEchoesAsync(first);
    }

    [Theory]
    [InlineData(Limit.OfTheListener)]
    [InlineData(Limit.OfThePool)]
    public async Task Who_gives_up_leaves_the_queue(Limit limit)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await StartAsync(limit, backend, max: 1, queueLength: 3, Long);
        using var first = await OpenAsync(balancer);
        var closes = await balancer.ConnectAsync();
        var resets = await balancer.ConnectAsync();
        await resets.SendTextAsync("a request");
        using var finishes = await balancer.ConnectAsync();
        await finishes.SendTextAsync("x");
        finishes.Finish();
        await Eventually.TrueAsync(() => QueuedAt(limit, balancer) == 3);

        closes.Dispose();
        await Eventually.TrueAsync(() => QueuedAt(limit, balancer) == 2);
        resets.Reset();
        await Eventually.TrueAsync(() => QueuedAt(limit, balancer) == 1);

        // Who has finished sending waits for an answer.
        first.Dispose();
        Assert.Equal("x", await finishes.ReceiveTextToEndAsync());
        Assert.Equal((0L, 2), (balancer.Listener.Refused, backend.Accepted));
        // They leave the queue a moment before their lines are written.
        await Eventually.TrueAsync(() => balancer.Log.With("ClientReset").Count >= 2);
        Assert.Equal(2, balancer.Log.With("ClientReset").Count);
    }

    [Fact]
    public async Task Who_waits_comes_in_when_the_listeners_limit_is_raised()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await StartAsync(Limit.OfTheListener, backend, max: 1, queueLength: 10, Long);
        using var first = await OpenAsync(balancer);
        using var second = await balancer.ConnectAsync();
        using var third = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => balancer.Listener.Queued == 2);

        await balancer.ChangeListenerAsync("wire", listener => listener with { MaxConnections = 3 });

        await StillEchoesAsync(second);
        await StillEchoesAsync(third);
    }

    [Fact]
    public async Task Who_waits_comes_in_when_the_pools_limit_is_raised()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await StartAsync(Limit.OfThePool, backend, max: 1, queueLength: 10, Long);
        using var first = await OpenAsync(balancer);
        using var second = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => balancer.Pool.GetStatistics().Queued == 1);

        await balancer.ChangePoolAsync("backends", pool => pool with { MaxConnections = 2 });

        await StillEchoesAsync(second);
    }

    [Fact]
    public async Task A_full_backend_is_passed_over_while_another_has_room()
    {
        await using var one = TestBackend.Echo();
        await using var two = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], pool: new()
        {
            MaxConnections = 5,
            Backends = new() { ["small"] = new() { Address = one.Address.ToString(), MaxConnections = 1 } },
        });

        var clients = new List<Socket>();
        for (var i = 0; i < 6; i++)
        {
            clients.Add(await OpenAsync(balancer));
        }

        Assert.Equal([1, 5], balancer.Pool.Snapshot.Members.Select(backend => backend.Active));
        Assert.Equal(6, balancer.Pool.GetStatistics().Capacity);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Who_waits_is_not_given_a_backend_that_is_about_to_be_ejected()
    {
        using var silent = await DeadEnd.SilentAsync();
        await using var echo = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([silent.Address, echo.Address], new() { ConnectTimeout = TimeSpan.FromSeconds(2), ConnectAttempts = 1 }, pool: new()
        {
            MaxConnections = 1,
            QueueLength = 10,
            QueueTimeout = Long,
            OutlierEjection = new() { ConsecutiveFailures = 1, BaseTime = Long },
        });
        var members = balancer.Pool.Snapshot.Members;
        using var lost = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => members[0].Active == 1);
        using var open = await OpenAsync(balancer);
        using var waiting = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => balancer.Pool.GetStatistics().Queued == 1);

        await lost.IsResetAsync();
        await Eventually.TrueAsync(() => members[0].Active == 0);
        open.Dispose();

        await StillEchoesAsync(waiting);
        Assert.Equal((1L, 2L), (members[0].Picks, members[1].Picks));
    }

    [Fact]
    public async Task Who_waits_can_be_closed_by_command_and_does_not_hold_up_the_end()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await StartAsync(Limit.OfTheListener, backend, max: 1, queueLength: 10, Long);
        using var first = await OpenAsync(balancer);
        using var second = await balancer.ConnectAsync();
        using var third = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => balancer.Connections.Count == 3);

        Assert.True(balancer.Balancer.TryClose(balancer.Connections.Single(row => row.Client == second.LocalEndPoint!.ToString()).Id));
        await second.IsResetAsync();

        await balancer.Balancer.StopAsync(TimeSpan.FromMilliseconds(50)).InTimeAsync();
        await third.IsResetAsync();
        Assert.Empty(balancer.Connections);
        Assert.Equal(0, balancer.Listener.Refused);
    }

    private static Task<TestBalancer> StartAsync(Limit limit, TestBackend backend, int max, int queueLength, TimeSpan queueTimeout) => limit == Limit.OfTheListener
        ? TestBalancer.StartAsync([backend.Address], new() { MaxConnections = max, QueueLength = queueLength, QueueTimeout = queueTimeout })
        : TestBalancer.StartAsync([backend.Address], pool: new() { MaxConnections = max, QueueLength = queueLength, QueueTimeout = queueTimeout });

    private static int QueuedAt(Limit limit, TestBalancer balancer) => limit == Limit.OfTheListener ? balancer.Listener.Queued : balancer.Pool.GetStatistics().Queued;

    private static async Task<Socket> OpenAsync(TestBalancer balancer)
    {
        var client = await balancer.ConnectAsync();
        await StillEchoesAsync(client);
        return client;
    }

    private static async Task StillEchoesAsync(Socket client)
    {
        await client.SendTextAsync("hello");
        await client.ReceivesAsync("hello");
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var before = Volatile.Read(ref most); before < value; before = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, before);
        }
    }
}
