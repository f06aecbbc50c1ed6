using System.Diagnostics;
using System.Net.Sockets;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

/// <summary>Faults are switched on and off while connections are open. Times are only ever bounded from below.</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(15);

    [Fact]
    public async Task Latency_holds_bytes_back_each_way_from_the_next_byte_on()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        await EchoAsync(client);

        balancer.Pool.SetFaults(new() { LatencyMilliseconds = 150 });
        Assert.True(await EchoAsync(client) >= TimeSpan.FromMilliseconds(300) - Tolerance);

        // The one backend's faults replace the pool's.
        balancer.Pool.SetFaults(balancer.Pool.Snapshot.Members[0], new() { LatencyMilliseconds = 300 });
        Assert.True(await EchoAsync(client) >= TimeSpan.FromMilliseconds(600) - Tolerance);
    }

    [Fact]
    public async Task Jitter_comes_on_top_and_differs()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        balancer.Pool.SetFaults(new() { LatencyMilliseconds = 20, JitterMilliseconds = 60 });
        using var client = await balancer.ConnectAsync();

        var times = new List<TimeSpan>();
        for (var i = 0; i < 10; i++)
        {
            times.Add(await EchoAsync(client));
        }

        Assert.All(times, time => Assert.True(time >= TimeSpan.FromMilliseconds(40) - Tolerance));
        // The chance that ten sums of two draws stay below half of what is possible is one in a thousand, that all are alike nil.
        Assert.True(times.Max() - times.Min() > TimeSpan.FromMilliseconds(5));
    }

    [Fact]
    public async Task A_long_latency_ends_when_it_is_switched_off()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        balancer.Pool.SetFaults(new() { LatencyMilliseconds = 600_000 });
        await client.SendTextAsync("held");
        await Eventually.TrueAsync(() => balancer.Connections is [{ Backend: not null }]);

        balancer.Pool.SetFaults(null);

        await client.ReceivesAsync("held");
    }

    [Fact]
    public async Task A_bandwidth_limit_makes_bytes_take_their_time_until_it_is_lifted()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        balancer.Pool.SetFaults(new() { BytesPerSecond = 20_000 });

        var clock = Stopwatch.StartNew();
        await server.SendFullyAsync(new byte[10_000]);
        await client.ReceiveExactlyAsync(10_000);
        Assert.True(clock.Elapsed >= TimeSpan.FromMilliseconds(500) - Tolerance, $"{clock.Elapsed}");
        // It comes bit by bit, and the table says how much.
        await Eventually.TrueAsync(() => balancer.Connections is [{ BytesToClient: 10_000 }]);

        // At a byte a second this would take a day.
        balancer.Pool.SetFaults(new() { BytesPerSecond = 1 });
        await server.SendFullyAsync(new byte[100_000]);
        await client.ReceiveExactlyAsync(1);
        balancer.Pool.SetFaults(null);
        await client.ReceiveExactlyAsync(99_999);
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 100)]
    [InlineData(100, 100)]
    [InlineData(70_000, 200_000)]
    [InlineData(3_000_000, 5_000_000)]
    public async Task Exactly_so_many_bytes_reach_the_client_and_then_a_reset(int limit, int sent)
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        balancer.Pool.SetFaults(new() { ResetAfterBytes = limit });
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        var sending = SendIgnoringTheEndAsync(server, sent);

        if (limit > 0)
        {
            await client.ReceiveExactlyAsync(limit);
        }

        var buffer = new byte[1];
        var exception = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(buffer));
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
        await sending;
        // The row goes a moment before the line is written.
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0 && balancer.Log.With("bytes back").Count > 0);
        Assert.Single(balancer.Log.With($"{limit} bytes back, Fault"));
        // It is no failure of the backend, whatever the client saw.
        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Failures);
    }

    [Fact]
    public async Task A_limit_that_an_open_connection_is_beyond_resets_it_at_the_next_byte()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        await EchoAsync(client);

        balancer.Pool.SetFaults(new() { ResetAfterBytes = 2 });
        await client.SendTextAsync("more");

        await client.IsResetAsync();
    }

    [Fact]
    public async Task Refusing_resets_new_connections_and_leaves_open_ones()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var open = await balancer.ConnectAsync();
        await EchoAsync(open);

        balancer.Pool.SetFaults(new() { Refuse = true });
        await SocketExtensions.IsResetAsync(balancer.Address);
        await EchoAsync(open);
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("Fault") == 1);
        Assert.Equal((1, 0L), (balancer.Pool.Snapshot.Members[0].Active, balancer.Pool.Snapshot.Members[0].Failures));

        balancer.Pool.SetFaults(null);
        using var next = await balancer.ConnectAsync();
        await EchoAsync(next);
        Assert.Equal(2, backend.Accepted);
    }

    [Fact]
    public async Task One_backend_that_refuses_leaves_the_others_alone()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address]);
        balancer.Pool.SetFaults(balancer.Pool.Snapshot.Members[0], new() { Refuse = true });

        await SocketExtensions.IsResetAsync(balancer.Address);
        Assert.Equal("two", await balancer.AskAsync());
        await SocketExtensions.IsResetAsync(balancer.Address);
    }

    [Fact]
    public async Task A_backends_own_faults_replace_the_pools_altogether()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address]);
        balancer.Pool.SetFaults(new() { Refuse = true });
        balancer.Pool.SetFaults(balancer.Pool.Snapshot.Members[0], new() { LatencyMilliseconds = 1 });

        Assert.Equal("one", await balancer.AskAsync());
        await SocketExtensions.IsResetAsync(balancer.Address);
    }

    [Fact]
    public async Task A_black_hole_swallows_bytes_and_ends_both_ways_while_the_connection_stays()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        await client.SendTextAsync("a");
        await server.ReceivesAsync("a");

        balancer.Pool.SetFaults(new() { BlackHole = true });
        await client.SendTextAsync("lost");
        await server.SendTextAsync("lost too");
        server.Finish();
        // What is still to be read when the hole is closed is not lost.
        await Eventually.TrueAsync(() => !OperatingSystem.IsLinux() || ReceiveQueues.AreEmpty("tcp", balancer.Address.Port, backend.Address.Port));
        var receiving = client.ReceiveToEndAsync();
        await Task.WhenAny(receiving, Task.Delay(300, TestContext.Current.CancellationToken));
        Assert.False(receiving.IsCompleted);
        var row = Assert.Single(balancer.Connections);
        Assert.Equal((1L, 0L), (row.BytesToBackend, row.BytesToClient));

        // What is missing stays missing: an end now would make it look whole.
        balancer.Pool.SetFaults(null);
        await Assert.ThrowsAsync<SocketException>(() => receiving);
        // The client hears of it a moment before the log does.
        await Eventually.TrueAsync(() => balancer.Log.With("Fault").Count(line => line.Text.Contains("closed", StringComparison.Ordinal)) == 1);
    }

    [Fact]
    public async Task A_black_hole_that_was_only_there_for_a_while_lets_a_connection_through_that_lost_nothing()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        await EchoAsync(client);

        balancer.Pool.SetFaults(new() { BlackHole = true });
        client.Finish();
        await Task.Delay(100, TestContext.Current.CancellationToken);
        balancer.Pool.SetFaults(null);

        Assert.Equal("", await client.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task A_connection_with_a_fault_can_be_closed_by_command()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        balancer.Pool.SetFaults(new() { LatencyMilliseconds = 600_000 });
        using var client = await balancer.ConnectAsync();
        await client.SendTextAsync("held");
        await Eventually.TrueAsync(() => balancer.Connections is [{ Backend: not null }]);

        Assert.True(balancer.Balancer.TryClose(balancer.Connections[0].Id));

        await client.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
    }

    [Fact]
    public void A_fault_of_none_is_none()
    {
        Assert.True(new FaultOptions().IsNone);
        Assert.False(new FaultOptions { ResetAfterBytes = 0 }.IsNone);
    }

    private static async Task<TimeSpan> EchoAsync(Socket client)
    {
        var clock = Stopwatch.StartNew();
        await client.SendTextAsync("hello");
        await client.ReceivesAsync("hello");
        return clock.Elapsed;
    }

    private static async Task SendIgnoringTheEndAsync(Socket server, int length)
    {
        try
        {
            await server.SendFullyAsync(new byte[length]);
        }
        catch (SocketException)
        {
            // Its connection was reset in the middle, as it should be.
        }
    }
}
