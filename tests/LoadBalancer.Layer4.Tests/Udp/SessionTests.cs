using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Udp;

public sealed class SessionTests
{
    [Fact]
    public async Task A_client_stays_at_one_backend_through_one_socket_and_clients_are_spread()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var three = UdpBackend.Named("three");
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address, three.Address]);
        var clients = Enumerable.Range(0, 6).Select(_ => balancer.Client()).ToArray();

        var first = new List<string>();
        foreach (var client in clients)
        {
            first.Add(await client.AskAsync());
        }

        for (var i = 0; i < 5; i++)
        {
            for (var client = 0; client < clients.Length; client++)
            {
                Assert.Equal(first[client], await clients[client].AskAsync());
            }
        }

        Assert.Equal(["one", "two", "three", "one", "two", "three"], first);
        Assert.Equal((6, 6L, 6), (balancer.Listener.Active, balancer.Listener.Accepted, balancer.Connections.Count));
        Assert.All([one, two, three], backend => Assert.Equal([6, 6], backend.Senders.Values));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Theory]
    [InlineData("127.0.0.1:0", "127.0.0.1")]
    [InlineData("[::1]:0", "::1")]
    [InlineData("localhost:0", "127.0.0.1")]
    [InlineData("localhost:0", "::1")]
    [InlineData("*:0", "127.0.0.1")]
    [InlineData("*:0", "127.0.0.9")]
    [InlineData("*:0", "::1")]
    [InlineData("0.0.0.0:0", "127.0.0.1")]
    [InlineData("0.0.0.0:0", "127.77.0.1")]
    [InlineData("[::]:0", "::1")]
    public async Task A_reply_comes_from_the_address_that_the_client_sent_to(string listen, string to)
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { Address = listen });
        var address = new IPEndPoint(IPAddress.Parse(to), balancer.Address.Port);

        // Not connected: it would take a reply from anywhere.
        using var client = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await client.SendToAsync("hello"u8.ToArray(), address, TestContext.Current.CancellationToken);
        var buffer = new byte[100];
        var any = new IPEndPoint(address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var received = await client.ReceiveFromAsync(buffer, any, TestContext.Current.CancellationToken).AsTask().InTimeAsync();

        Assert.Equal("hello", Encoding.ASCII.GetString(buffer, 0, received.ReceivedBytes));
        Assert.Equal(address, received.RemoteEndPoint);
    }

    [Fact]
    public async Task A_client_that_speaks_to_two_addresses_of_a_wildcard_has_a_session_at_each()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { Address = "0.0.0.0:0" });
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var buffer = new byte[100];
        foreach (var to in (IPEndPoint[])[new(IPAddress.Parse("127.0.0.2"), balancer.Address.Port), new(IPAddress.Parse("127.0.0.3"), balancer.Address.Port)])
        {
            await client.SendToAsync("x"u8.ToArray(), to, TestContext.Current.CancellationToken);
            var received = await client.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), TestContext.Current.CancellationToken).AsTask().InTimeAsync();
            Assert.Equal(to, received.RemoteEndPoint);
        }

        Assert.Equal(2, balancer.Listener.Active);
    }

    [Theory]
    [InlineData("127.0.0.1", "::1")]
    [InlineData("::1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    public async Task Clients_and_backends_may_be_of_different_families(string listen, string backendAddress)
    {
        await using var backend = UdpBackend.Echo(IPAddress.Parse(backendAddress));
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { Address = new IPEndPoint(IPAddress.Parse(listen), 0).ToString() });
        using var client = balancer.Client();

        Assert.Equal("hello", await client.AskAsync("hello"));
        Assert.Equal(client.LocalEndPoint!.ToString(), Assert.Single(balancer.Connections).Client);
    }

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("0.0.0.0:0")]
    [InlineData("*:0")]
    public async Task Datagrams_of_every_length_go_unchanged_and_one_by_one(string listen)
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { Address = listen });
        using var client = UdpClients.To(new(IPAddress.Loopback, balancer.Address.Port));
        foreach (var length in (int[])[1, 0, 1472, 1473, 9000, 65_507, 0, 100])
        {
            var datagram = new byte[length];
            Random.Shared.NextBytes(datagram);
            await client.SendAsync(datagram, TestContext.Current.CancellationToken);
            Assert.Equal(datagram, await client.ReceiveDatagramAsync());
        }

        Assert.Equal(1, balancer.Listener.Active);
    }

    [Fact]
    public async Task An_empty_datagram_opens_a_session_too()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();

        await client.SendAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken);

        Assert.Empty(await client.ReceiveDatagramAsync());
        Assert.Single(balancer.Connections);
    }

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("*:0")]
    public async Task Datagrams_of_a_session_keep_their_order_both_ways(string listen)
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { Address = listen });
        using var client = UdpClients.To(new(IPAddress.Loopback, balancer.Address.Port));

        // Bursts that fit into every buffer on the way: on loopback nothing else is lost.
        for (var burst = 0; burst < 20; burst++)
        {
            var sent = Enumerable.Range(burst * 100, 100).Select(i => $"datagram {i}").ToArray();
            foreach (var text in sent)
            {
                await client.SendDatagramAsync(text);
            }

            foreach (var text in sent)
            {
                Assert.Equal(text, await client.ReceiveTextAsync());
            }
        }
    }

    [Fact]
    public async Task A_thousand_clients_each_get_their_own_replies()
    {
        await using var one = UdpBackend.Echo();
        await using var two = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address]);
        var clients = Enumerable.Range(0, 1000).Select(_ => balancer.Client()).ToArray();

        foreach (var hundred in clients.Index().Chunk(100))
        {
            await Task.WhenAll(hundred.Select(async client =>
            {
                for (var i = 0; i < 3; i++)
                {
                    Assert.Equal($"{client.Index} {i}", await client.Item.AskAsync($"{client.Index} {i}"));
                }
            }));
        }

        Assert.Equal((1000, 1000L, 0L), (balancer.Listener.Active, balancer.Listener.Accepted, balancer.Listener.Refused));
        Assert.Equal([500, 500], [one.Senders.Count, two.Senders.Count]);
        Assert.Equal([500, 500], balancer.Pool.Snapshot.Members.Select(backend => backend.Active));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task A_session_is_a_row_with_its_bytes_each_way()
    {
        var before = DateTimeOffset.UtcNow;
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address], name: "rows");
        using var client = balancer.Client();
        await client.SendDatagramAsync("12345");
        var (text, from) = await backend.Socket.ReceiveTextFromAsync();
        Assert.Equal("12345", text);
        await backend.Socket.ReplyAsync("123", from);
        Assert.Equal("123", await client.ReceiveTextAsync());

        await Eventually.TrueAsync(() => balancer.Connections is [{ BytesToBackend: 5, BytesToClient: 3 }]);
        var row = Assert.Single(balancer.Connections);
        Assert.Equal(("rows", Layer4Protocol.Udp, Layer4Mode.Relay), (row.Listener, row.Protocol, row.Mode));
        Assert.Equal((client.LocalEndPoint!.ToString(), "backends"), (row.Client, row.Pool));
        Assert.Equal(backend.Address.ToString(), row.BackendAddress);
        Assert.InRange(row.Since!.Value, before, DateTimeOffset.UtcNow);
        Assert.Equal((Layer4Protocol.Udp, 10_000), (balancer.Listener.Protocol, balancer.Listener.MaxConnections));
    }

    [Fact]
    public async Task A_client_of_the_dual_stack_wildcard_is_named_by_the_address_it_has()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { Address = "*:0" });
        using var client = UdpClients.To(new(IPAddress.Loopback, balancer.Address.Port));
        await client.AskAsync();

        Assert.Equal(client.LocalEndPoint!.ToString(), Assert.Single(balancer.Connections).Client);
    }

    [Fact]
    public async Task Replies_that_nobody_else_may_send_are_not_relayed()
    {
        await using var backend = UdpBackend.ByHand();
        await using var stranger = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        await client.SendDatagramAsync("x");
        var (_, from) = await backend.Socket.ReceiveTextFromAsync();

        await stranger.Socket.ReplyAsync("forged", from);
        await backend.Socket.ReplyAsync("real", from);

        Assert.Equal("real", await client.ReceiveTextAsync());
    }

    [Fact]
    public async Task A_session_ends_after_silence_and_the_next_datagram_begins_another()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { IdleTimeout = TimeSpan.FromSeconds(2) });
        using var client = balancer.Client();
        await client.AskAsync();
        var first = Assert.Single(balancer.Connections).Id;

        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);

        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Active);
        Assert.Equal("again", await client.AskAsync("again"));
        Assert.NotEqual(first, Assert.Single(balancer.Connections).Id);
        Assert.Equal(2L, balancer.Listener.Accepted);
    }

    [Fact]
    public async Task Replies_alone_keep_a_session()
    {
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { IdleTimeout = TimeSpan.FromSeconds(5) });
        using var client = balancer.Client();
        using var silent = balancer.Client();
        await silent.SendDatagramAsync("x");
        await backend.Socket.ReceiveTextFromAsync();
        await client.SendDatagramAsync("x");
        var (_, from) = await backend.Socket.ReceiveTextFromAsync();

        await Eventually.TrueAsync(() =>
        {
            backend.Socket.SendTo("tick"u8, from);
            return balancer.Connections.Count == 1;
        });

        Assert.Equal(client.LocalEndPoint!.ToString(), Assert.Single(balancer.Connections).Client);
    }

    [Fact]
    public void Without_a_word_a_session_lasts_a_minute() =>
        Assert.Equal(TimeSpan.FromSeconds(60), new Layer4ListenerOptions { Protocol = Layer4Protocol.Udp }.IdleTimeoutOrDefault);

    [Fact]
    public async Task A_session_ends_with_its_last_reply()
    {
        await using var backend = UdpBackend.Answering(_ => ["1"u8.ToArray(), "2"u8.ToArray(), "3"u8.ToArray()]);
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { MaxReplies = 3 });
        using var client = balancer.Client();

        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal("1", await client.AskAsync());
            Assert.Equal("2", await client.ReceiveTextAsync());
            Assert.Equal("3", await client.ReceiveTextAsync());
            await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
            Assert.Equal(i, balancer.Listener.Accepted);
        }

        Assert.Equal(3, backend.Senders.Count);
    }

    [Fact]
    public async Task Two_questions_from_one_port_get_two_answers_where_one_reply_ends_a_session()
    {
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { MaxReplies = 1 });
        using var client = balancer.Client();
        await client.SendDatagramAsync("A");
        await client.SendDatagramAsync("AAAA");
        var (_, from) = await backend.Socket.ReceiveTextFromAsync();
        await backend.Socket.ReceiveTextFromAsync();

        await backend.Socket.ReplyAsync("192.0.2.1", from);
        Assert.Equal("192.0.2.1", await client.ReceiveTextAsync());
        await backend.Socket.ReplyAsync("2001:db8::1", from);
        Assert.Equal("2001:db8::1", await client.ReceiveTextAsync());

        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
    }

    [Fact]
    public async Task A_session_that_is_closed_by_command_is_gone_and_its_client_may_begin_another()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        await client.AskAsync();
        var id = Assert.Single(balancer.Connections).Id;

        Assert.True(balancer.Balancer.TryClose(id));

        Assert.Empty(balancer.Connections);
        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Active);
        Assert.False(balancer.Balancer.TryClose(id));
        Assert.Equal("x", await client.AskAsync());
    }

    [Fact]
    public async Task A_host_name_leads_to_the_address_where_the_backend_listens()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([]);
        balancer.Pool.SetMembers([new DnsEndPoint("localhost", backend.Address.Port)]);
        using var client = balancer.Client();

        // Before the name is known: all wait, and keep their order.
        for (var i = 0; i < 10; i++)
        {
            await client.SendDatagramAsync($"{i}");
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal($"{i}", await client.ReceiveTextAsync());
        }

        Assert.Single(backend.Senders);
    }

    [Fact]
    public async Task A_name_without_an_address_is_a_failure_and_the_next_backend_is_tried()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([]);
        balancer.Pool.SetMembers([new DnsEndPoint("no-such-host.invalid", 1), backend.Address]);

        Assert.Equal("x", await balancer.AskOnceAsync());

        Assert.Equal([1L, 0L], balancer.Pool.Snapshot.Members.Select(member => member.Failures));
        Assert.Equal([0, 1], balancer.Pool.Snapshot.Members.Select(member => member.Active));
    }
}
