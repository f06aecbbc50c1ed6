using System.Diagnostics;
using System.Net;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Udp;

public sealed class FaultTests
{
    [Fact]
    public async Task Latency_holds_datagrams_back_each_way_and_keeps_their_order()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        await client.AskAsync();
        balancer.Pool.SetFaults(new() { LatencyMilliseconds = 100, JitterMilliseconds = 50 });

        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 50; i++)
        {
            await client.SendDatagramAsync($"{i}");
        }

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"{i}", await client.ReceiveTextAsync());
        }

        Assert.True(clock.Elapsed >= TimeSpan.FromMilliseconds(195), $"{clock.Elapsed}");
        balancer.Pool.SetFaults(null);
        Assert.Equal("over", await client.AskAsync("over"));
    }

    [Fact]
    public async Task A_datagram_that_comes_when_the_latency_is_off_does_not_overtake_those_held_back()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        await client.AskAsync();
        balancer.Pool.SetFaults(new() { LatencyMilliseconds = 300 });
        await client.SendDatagramAsync("first");
        // It is answered after the first datagram was held back.
        await balancer.AskOnceAsync();
        balancer.Pool.SetFaults(null);
        await client.SendDatagramAsync("second");

        Assert.Equal("first", await client.ReceiveTextAsync());
        Assert.Equal("second", await client.ReceiveTextAsync());
    }

    [Fact]
    public async Task Bandwidth_delays_what_it_can_hold_and_loses_the_rest()
    {
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        balancer.Pool.SetFaults(new() { BytesPerSecond = 20_000 });
        using var client = balancer.Client();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 10; i++)
        {
            await client.SendAsync(new byte[1000], TestContext.Current.CancellationToken);
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(1000, (await backend.Socket.ReceiveTextFromAsync()).Text.Length);
        }

        Assert.True(clock.Elapsed >= TimeSpan.FromMilliseconds(490), $"{clock.Elapsed}");
    }

    [Fact]
    public async Task A_black_hole_swallows_both_ways_and_the_session_stays()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only /proc says whether a datagram was taken out of a socket");
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        await client.SendDatagramAsync("before");
        var (_, from) = await backend.Socket.ReceiveTextFromAsync();

        balancer.Pool.SetFaults(balancer.Pool.Snapshot.Members[0], new() { BlackHole = true });
        await client.SendDatagramAsync("swallowed");
        await backend.Socket.ReplyAsync("swallowed", from);
        // A session that comes after it shows that the listener has dealt with the first datagram.
        using var other = balancer.Client();
        await other.SendDatagramAsync("swallowed too");
        await Eventually.TrueAsync(() => balancer.Connections.Count == 2 && ReceiveQueues.AreEmpty("udp", ((IPEndPoint)from).Port));
        balancer.Pool.SetFaults(balancer.Pool.Snapshot.Members[0], null);
        await client.SendDatagramAsync("after");

        Assert.Equal(("after", from), await backend.Socket.ReceiveTextFromAsync());
        await backend.Socket.ReplyAsync("reply", from);
        Assert.Equal("reply", await client.ReceiveTextAsync());
    }

    [Fact]
    public async Task Refuse_drops_new_sessions_and_leaves_the_open_ones()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var open = balancer.Client();
        using var young = balancer.Client();
        await open.AskAsync();

        balancer.Pool.SetFaults(new() { Refuse = true });
        await young.SendDatagramAsync("x");

        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("Fault") == 1);
        Assert.Equal("still", await open.AskAsync("still"));
        Assert.Single(backend.Senders);
        Assert.Equal(1, balancer.Pool.Snapshot.Members[0].Active);
    }

    [Fact]
    public async Task A_session_ends_before_the_reply_that_would_pass_the_limit_of_bytes()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        balancer.Pool.SetFaults(new() { ResetAfterBytes = 10 });
        using var client = balancer.Client();
        Assert.Equal("1234567890", await client.AskAsync("1234567890"));
        Assert.Single(balancer.Connections);

        await client.SendDatagramAsync("x");

        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        Assert.Equal(0, client.Available);
    }
}
