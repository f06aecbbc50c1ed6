using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class HalfCloseTests
{
    [Fact]
    public async Task A_client_that_has_finished_sending_still_receives()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();

        await client.SendTextAsync("request");
        client.Finish();
        Assert.Equal("request", await server.ReceiveTextToEndAsync());

        await server.SendTextAsync("first ");
        await client.ReceivesAsync("first ");
        var rest = new byte[1_000_000];
        Random.Shared.NextBytes(rest);
        var sending = server.SendFullyAsync(rest);
        var receiving = client.ReceiveToEndAsync();
        await sending;
        server.Finish();
        Assert.Equal(rest, await receiving);
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
    }

    [Fact]
    public async Task A_backend_that_has_finished_sending_still_receives()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();

        await server.SendTextAsync("greeting");
        server.Finish();
        Assert.Equal("greeting", await client.ReceiveTextToEndAsync());

        await client.SendTextAsync("first ");
        await server.ReceivesAsync("first ");
        var rest = new byte[1_000_000];
        Random.Shared.NextBytes(rest);
        var sending = client.SendFullyAsync(rest);
        var receiving = server.ReceiveToEndAsync();
        await sending;
        client.Finish();
        Assert.Equal(rest, await receiving);
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
    }

    [Fact]
    public async Task A_half_closed_connection_stays_in_the_table()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();

        client.Finish();
        Assert.Equal("", await server.ReceiveTextToEndAsync());
        Assert.Equal(1, balancer.Listener.Active);
        Assert.Equal(1, balancer.Pool.Snapshot.Members[0].Active);

        server.Finish();
        Assert.Equal("", await client.ReceiveTextToEndAsync());
        await Eventually.TrueAsync(() => balancer.Listener.Active == 0 && balancer.Pool.Snapshot.Members[0].Active == 0);
        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Failures);
    }
}
