using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;
using LoadBalancer.Machine;

namespace LoadBalancer.Layer4.Tests.Udp;

public sealed class DrainTests
{
    [Fact]
    public async Task A_backend_that_drains_keeps_its_sessions_for_the_drain_time_out_and_gets_no_new_ones()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address]);
        await balancer.ApplyAsync(options => options.DrainTimeout = TimeSpan.FromSeconds(5));
        using var client = balancer.Client();
        Assert.Equal("one", await client.AskAsync());

        balancer.Pool.Drain(balancer.Pool.Snapshot.Members[0]);

        Assert.Equal("one", await client.AskAsync());
        Assert.Equal("two", await balancer.AskOnceAsync());
        Assert.Equal("two", await balancer.AskOnceAsync());
        await Eventually.TrueAsync(() => balancer.Pool.Snapshot.Members[0].Active == 0);
        Assert.Equal("two", await client.AskAsync());
    }

    [Fact]
    public async Task A_balancer_that_stops_serves_its_sessions_and_takes_no_new_ones()
    {
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        using var late = balancer.Client();
        // Without a reply yet: one that has its reply may be silent for a second and no longer.
        await client.SendDatagramAsync("x");
        var (_, from) = await backend.Socket.ReceiveTextFromAsync();
        var listener = balancer.Address;

        var stopping = balancer.Balancer.StopAsync(TimeSpan.FromMinutes(5));

        await late.SendDatagramAsync("too late");
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("Shutdown") == 1);
        await client.SendDatagramAsync("last words");
        Assert.Equal(("last words", from), await backend.Socket.ReceiveTextFromAsync());
        await backend.Socket.ReplyAsync("last words", from);
        Assert.Equal("last words", await client.ReceiveTextAsync());

        // It has its reply and is silent: nothing is left to wait for.
        await stopping.InTimeAsync();
        Assert.Empty(balancer.Connections);
        using var next = new System.Net.Sockets.Socket(listener.AddressFamily, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
        next.Bind(listener);
    }

    [Fact]
    public async Task A_session_that_waits_for_its_reply_is_ended_at_the_drain_time_out()
    {
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        await client.SendDatagramAsync("x");
        await backend.Socket.ReceiveTextFromAsync();

        await balancer.Balancer.StopAsync(TimeSpan.FromMilliseconds(100)).InTimeAsync();

        Assert.Empty(balancer.Connections);
        Assert.Equal((0, 0L), (balancer.Pool.Snapshot.Members[0].Active, balancer.Pool.Snapshot.Members[0].Failures));
    }

    [Fact]
    public async Task A_reload_keeps_sessions_and_gives_new_ones_the_new_settings()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var balancer = await TestBalancer.WithPoolsAsync(new() { ["first"] = [one.Address], ["second"] = [two.Address] });
        await balancer.ApplyAsync(options => options.Layer4.Listeners["wire"] = new() { Protocol = Layer4Protocol.Udp, Address = "127.0.0.1:0", Pool = "first" });
        using var open = balancer.Client();
        Assert.Equal("one", await open.AskAsync());
        var address = balancer.Address;

        await balancer.ChangeListenerAsync("wire", listener => listener with { Pool = "second" });

        Assert.Equal(address, balancer.Address);
        Assert.Equal("one", await open.AskAsync());
        Assert.Equal("two", await balancer.AskOnceAsync());
        Assert.Single(one.Senders);
    }

    [Fact]
    public async Task A_listener_that_went_may_come_back_while_its_sessions_drain()
    {
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        await balancer.ApplyAsync(options => options.DrainTimeout = TimeSpan.FromMinutes(5));
        using var old = balancer.Client();
        await old.SendDatagramAsync("old");
        var (_, from) = await backend.Socket.ReceiveTextFromAsync();
        var options = balancer.Options.Layer4.Listeners["wire"] with { Address = balancer.Address.ToString() };

        await balancer.ApplyAsync(options => options.Layer4.Listeners.Clear());
        await balancer.ApplyAsync(changed => changed.Layer4.Listeners["wire"] = options);

        using var young = balancer.Client();
        await young.SendDatagramAsync("young");
        Assert.Equal("young", (await backend.Socket.ReceiveTextFromAsync()).Text);
        // Before the reply: a session of a listener that went ends after a second of silence behind it.
        Assert.Equal(2, balancer.Connections.Count);
        await backend.Socket.ReplyAsync("late reply", from);
        Assert.Equal("late reply", await old.ReceiveTextAsync());
    }

    [Fact]
    public async Task An_address_that_another_socket_has_is_taken()
    {
        await using var other = UdpBackend.ByHand();

        await Assert.ThrowsAsync<ListenException>(() => UdpClients.StartAsync([], new() { Address = other.Address.ToString() }));

        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        await Assert.ThrowsAsync<ListenException>(() => UdpClients.StartAsync([], new() { Address = balancer.Address.ToString() }));
        Assert.Equal("x", await balancer.AskOnceAsync());
    }

    [Fact]
    public async Task TCP_and_UDP_may_have_the_same_port()
    {
        await using var datagrams = UdpBackend.Named("datagram");
        await using var connections = TestBackend.Named("connection");
        await using var balancer = await TestBalancer.WithPoolsAsync(new() { ["udp"] = [datagrams.Address], ["tcp"] = [connections.Address] });
        // A port that the system gave for TCP, a client of another test may have for UDP.
        await balancer.ApplyAsync(options => options.Layer4.Listeners["a"] = new() { Address = $"127.0.0.1:{FreePorts.Take()}", Pool = "tcp" });
        var address = balancer.Address;

        await balancer.ApplyAsync(options => options.Layer4.Listeners["b"] = new() { Protocol = Layer4Protocol.Udp, Address = address.ToString(), Pool = "udp" });

        Assert.Equal("connection", await balancer.AskAsync());
        Assert.Equal("datagram", await balancer.AskOnceAsync());
        Assert.Equal([address, address], balancer.Balancer.GetStatistics().Listeners.Select(listener => IPEndPoint.Parse(listener.Addresses[0])));
    }
}
