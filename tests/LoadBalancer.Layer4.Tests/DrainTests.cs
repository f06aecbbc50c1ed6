using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests;

public sealed class DrainTests
{
    [Fact]
    public async Task A_connection_may_end_by_itself_while_new_ones_are_refused()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var address = balancer.Address;
        using var client = await balancer.ConnectAsync();
        await client.SendTextAsync("x");
        await client.ReceivesAsync("x");

        var stopping = balancer.Balancer.StopAsync(TimeSpan.FromMinutes(5));

        var refused = await Assert.ThrowsAsync<SocketException>(() => SocketExtensions.ConnectAsync(address));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await client.SendTextAsync("last words");
        await client.ReceivesAsync("last words");
        Assert.False(stopping.IsCompleted);

        client.Finish();
        Assert.Equal("", await client.ReceiveTextToEndAsync());
        await stopping.InTimeAsync();
        Assert.Empty(balancer.Connections);
    }

    [Fact]
    public async Task A_connection_that_is_left_at_the_time_out_is_reset_on_both_sides()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();

        await balancer.Balancer.StopAsync(TimeSpan.FromMilliseconds(100)).InTimeAsync();

        Assert.Empty(balancer.Connections);
        Assert.Equal((0, 0L), (balancer.Pool.Snapshot.Members[0].Active, balancer.Pool.Snapshot.Members[0].Failures));
        await client.IsResetAsync();
        await server.IsResetAsync();
    }

    [Fact]
    public async Task A_connection_that_waits_for_its_backend_does_not_hold_up_the_end()
    {
        using var silent = await DeadEnd.SilentAsync();
        using var another = await DeadEnd.SilentAsync();
        await using var balancer = await TestBalancer.StartAsync([silent.Address, another.Address], new() { ConnectTimeout = TimeSpan.FromMinutes(5) });
        using var client = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => balancer.Pool.Snapshot.Members.Any(backend => backend.Active == 1));

        await balancer.Balancer.StopAsync(TimeSpan.FromMilliseconds(100)).InTimeAsync();

        await client.IsResetAsync();
        Assert.Empty(balancer.Connections);
        Assert.Equal(1, balancer.Pool.Snapshot.Members.Sum(backend => backend.Picks));
    }

    [Fact]
    public async Task Without_connections_the_end_is_at_once()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);

        await balancer.Balancer.StopAsync(TimeSpan.FromHours(1)).InTimeAsync();
    }

    [Fact]
    public async Task Connections_of_a_listener_that_went_in_a_reload_drain_too()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        await balancer.ApplyAsync(options =>
        {
            options.Layer4.Listeners.Clear();
            options.DrainTimeout = TimeSpan.FromMinutes(5);
        });
        Assert.Equal(client.LocalEndPoint!.ToString(), Assert.Single(balancer.Connections).Client);

        await balancer.Balancer.StopAsync(TimeSpan.FromMilliseconds(100)).InTimeAsync();

        await client.IsResetAsync();
        await server.IsResetAsync();
    }
}
