using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class IdleTimeoutTests
{
    [Fact]
    public async Task An_idle_connection_is_reset_on_both_sides_and_one_with_traffic_in_one_direction_is_not()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { IdleTimeout = TimeSpan.FromSeconds(5) });
        using var idleClient = await balancer.ConnectAsync();
        using var idleServer = await backend.AcceptAsync();
        using var busyClient = await balancer.ConnectAsync();
        using var busyServer = await backend.AcceptAsync();

        var ended = Task.WhenAll(idleClient.IsResetAsync(), idleServer.IsResetAsync());
        while (!ended.IsCompleted)
        {
            await busyServer.SendTextAsync(".");
            await busyClient.ReceivesAsync(".");
            await Task.WhenAny(ended, Task.Delay(50, TestContext.Current.CancellationToken));
        }

        await ended;
        await busyClient.SendTextAsync("still here");
        await busyServer.ReceivesAsync("still here");
        await Eventually.TrueAsync(() => balancer.Connections.Count == 1);
        Assert.Equal(busyClient.LocalEndPoint!.ToString(), balancer.Connections[0].Client);
        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Failures);
    }

    [Fact]
    public async Task A_connection_that_waits_for_its_backend_is_not_idle()
    {
        using var silent = await DeadEnd.SilentAsync();
        await using var good = TestBackend.Named("good");
        await using var balancer = await TestBalancer.StartAsync(
            [silent.Address, good.Address],
            // Idle it would be found before it has a backend; the answer that comes then has as long.
            new() { ConnectTimeout = TimeSpan.FromSeconds(4), IdleTimeout = TimeSpan.FromSeconds(2) });

        Assert.Equal("good", await balancer.AskAsync());
    }
}
