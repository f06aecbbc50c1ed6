using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests;

public sealed class ListenTests
{
    private static readonly TestBackend Backend = TestBackend.Echo();

    [Fact]
    public async Task Localhost_listens_on_both_loopbacks_with_one_free_port()
    {
        await using var backend = TestBackend.Named("one");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Address = "localhost:0" });

        var addresses = balancer.Listener.Addresses.Select(IPEndPoint.Parse).ToArray();

        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], addresses.Select(address => address.Address));
        Assert.True(addresses[0].Port > 0);
        Assert.Equal(addresses[0].Port, addresses[1].Port);
        foreach (var address in addresses)
        {
            using var client = await SocketExtensions.ConnectAsync(address);
            Assert.Equal("one", await client.ReceiveTextToEndAsync());
        }
    }

    [Fact]
    public async Task A_star_listens_for_both_families()
    {
        await using var backend = TestBackend.Named("one");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Address = "*:0" });

        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using var client = await SocketExtensions.ConnectAsync(new(address, balancer.Address.Port));
            Assert.Equal("one", await client.ReceiveTextToEndAsync());
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task One_address_listens_for_itself_only(string host)
    {
        await using var backend = TestBackend.Named("one");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Address = $"{host}:0" });

        Assert.Equal(IPAddress.Parse(host), IPEndPoint.Parse(Assert.Single(balancer.Listener.Addresses)).Address);
        Assert.Equal("one", await balancer.AskAsync());
        var other = host == "[::1]" ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        await Assert.ThrowsAsync<SocketException>(() => SocketExtensions.ConnectAsync(new(other, balancer.Address.Port)));
    }

    [Fact]
    public async Task An_address_in_use_is_named_with_its_key_and_nothing_changes()
    {
        using var occupant = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        occupant.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        occupant.Listen();
        await using var backend = TestBackend.Named("one");
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var before = balancer.Address;

        var exception = await Assert.ThrowsAsync<ListenException>(() => balancer.ApplyAsync(options =>
        {
            options.Layer4.Listeners.Clear();
            options.Layer4.Listeners["taken"] = new() { Address = occupant.LocalEndPoint!.ToString(), Pool = "backends" };
        }));

        Assert.StartsWith($"LoadBalancer:Layer4:Listeners:taken:Address: '{occupant.LocalEndPoint}' cannot be bound: ", exception.Message, StringComparison.Ordinal);
        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.IsType<SocketException>(exception.InnerException).SocketErrorCode);
        Assert.Equal(("wire", before), (balancer.Listener.Name, balancer.Address));
        Assert.Equal("one", await balancer.AskAsync());
    }

    [Fact]
    public async Task What_was_bound_before_an_address_in_use_is_let_go()
    {
        // The IPv4 half of localhost is free and the IPv6 half is not.
        using var occupant = OccupyIPv6Only();
        var port = ((IPEndPoint)occupant.LocalEndPoint!).Port;
        await using var backend = TestBackend.Named("one");
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);

        await Assert.ThrowsAsync<ListenException>(() => balancer.ApplyAsync(options => options.Layer4.Listeners["half"] = new() { Address = $"localhost:{port}", Pool = "backends" }));

        await IsRefusedAsync(new(IPAddress.Loopback, port));
    }

    [Fact]
    public async Task What_was_prepared_and_not_applied_is_let_go()
    {
        await using var balancer = await WithPoolAsync();

        var prepared = balancer.Balancer.Prepare(balancer.Options);
        var address = AddressOf(prepared);
        prepared.Dispose();

        await IsRefusedAsync(address);
        Assert.Empty(balancer.Balancer.GetStatistics().Listeners);
    }

    [Fact]
    public async Task A_prepared_listener_queues_connections_until_it_is_applied()
    {
        await using var balancer = await WithPoolAsync();

        using var prepared = balancer.Balancer.Prepare(balancer.Options);
        using var early = await SocketExtensions.ConnectAsync(AddressOf(prepared));
        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Picks);
        balancer.Balancer.Apply(prepared);

        await early.SendTextAsync("early");
        await early.ReceivesAsync("early");
    }

    [Fact]
    public async Task What_was_prepared_and_applied_stays_when_the_preparation_is_disposed()
    {
        await using var balancer = await WithPoolAsync();

        var prepared = balancer.Balancer.Prepare(balancer.Options);
        balancer.Balancer.Apply(prepared);
        prepared.Dispose();

        using var client = await balancer.ConnectAsync();
        await client.SendTextAsync("x");
        await client.ReceivesAsync("x");
    }

    /// <summary>A pool, and options for a listener that is not there yet.</summary>
    private static async Task<TestBalancer> WithPoolAsync()
    {
        var balancer = await TestBalancer.WithPoolsAsync(new() { ["backends"] = [Backend.Address] });
        balancer.Options.Layer4.Listeners["wire"] = new() { Address = "127.0.0.1:0", Pool = "backends" };
        return balancer;
    }

    private static IPEndPoint AddressOf(PreparedListeners prepared) => (IPEndPoint)prepared.Opened["wire"].Sockets[0].LocalEndPoint!;

    private static async Task IsRefusedAsync(IPEndPoint address)
    {
        var exception = await Assert.ThrowsAsync<SocketException>(() => SocketExtensions.ConnectAsync(address));
        Assert.Equal(SocketError.ConnectionRefused, exception.SocketErrorCode);
    }

    private static Socket OccupyIPv6Only()
    {
        while (true)
        {
            var occupant = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            occupant.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            occupant.Listen();
            using var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                free.Bind(new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)occupant.LocalEndPoint!).Port));
                return occupant;
            }
            catch (SocketException)
            {
                occupant.Dispose();
            }
        }
    }
}
