using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests;

public sealed class ConnectionTableTests
{
    [Fact]
    public async Task An_open_connection_is_a_row_with_its_bytes_each_way()
    {
        var before = DateTimeOffset.UtcNow;
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], name: "rows");
        await balancer.ApplyAsync(options => options.Pools["backends"] = options.Pools["backends"] with
        {
            Backends = new() { ["echo-1"] = new() { Address = backend.Address.ToString() } },
        });
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        await client.SendTextAsync("12345");
        await server.ReceivesAsync("12345");
        await server.SendTextAsync("123");
        await client.ReceivesAsync("123");

        await Eventually.TrueAsync(() => balancer.Connections is [{ BytesToBackend: 5, BytesToClient: 3 }]);

        var row = Assert.Single(balancer.Connections);
        Assert.Equal("rows", row.Listener);
        Assert.Equal(client.LocalEndPoint!.ToString(), row.Client);
        Assert.Equal(("echo-1", backend.Address.ToString()), (row.Backend, row.BackendAddress));
        Assert.InRange(row.Since!.Value, before, DateTimeOffset.UtcNow);
        Assert.True(row.Id > 0);
        var listener = balancer.Listener;
        Assert.Equal(("rows", "backends", 1, 1L, 0L), (listener.Name, listener.Pool, listener.Active, listener.Accepted, listener.Refused));
    }

    [Fact]
    public async Task A_connection_that_has_ended_is_no_row()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        await client.SendTextAsync("x");
        await client.ReceivesAsync("x");
        Assert.Single(balancer.Connections);

        client.Finish();
        Assert.Equal("", await client.ReceiveTextToEndAsync());

        await Eventually.TrueAsync(() => balancer.Connections.Count == 0 && balancer.Listener is { Active: 0, Accepted: 1 });
    }

    [Fact]
    public async Task A_row_can_be_closed_by_command_and_both_sides_see_a_reset()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        await client.SendTextAsync("x");
        await server.ReceivesAsync("x");
        var id = Assert.Single(balancer.Connections).Id;

        Assert.False(balancer.Balancer.TryClose(id + 1_000_000));
        Assert.True(balancer.Balancer.TryClose(id));

        await client.IsResetAsync();
        await server.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        Assert.False(balancer.Balancer.TryClose(id));
        // The row goes a moment before the line is written.
        await Eventually.TrueAsync(() => balancer.Log.With("Command").Count > 0);
        Assert.Single(balancer.Log.With("Command"));
        Assert.Equal((0L, 0), (balancer.Pool.Snapshot.Members[0].Failures, balancer.Pool.Snapshot.Members[0].Active));
    }

    [Fact]
    public async Task Rows_are_in_the_order_of_acceptance_and_at_most_a_thousand()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var clients = new List<System.Net.Sockets.Socket>();
        try
        {
            for (var i = 0; i < 1001; i++)
            {
                clients.Add(await balancer.ConnectAsync());
            }

            await Eventually.TrueAsync(() => balancer.Listener.Active == 1001);

            var rows = balancer.Connections;
            Assert.Equal(1000, rows.Count);
            Assert.Equal(clients[0].LocalEndPoint!.ToString(), rows[0].Client);
            Assert.Equal(rows.Select(row => row.Id).Order(), rows.Select(row => row.Id));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task A_client_of_the_dual_stack_wildcard_is_named_by_the_address_it_has()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Address = "*:0" });
        using var client = await SocketExtensions.ConnectAsync(new(System.Net.IPAddress.Loopback, balancer.Address.Port));
        await client.SendTextAsync("x");
        await client.ReceivesAsync("x");

        Assert.Equal(client.LocalEndPoint!.ToString(), Assert.Single(balancer.Connections).Client);
    }
}
