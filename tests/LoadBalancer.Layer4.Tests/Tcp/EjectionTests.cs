using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class EjectionTests
{
    private static readonly PoolOptions AfterThree = new() { OutlierEjection = new() { ConsecutiveFailures = 3, BaseTime = TimeSpan.FromHours(1), MaxTime = TimeSpan.FromHours(2) } };

    [Fact]
    public async Task A_backend_that_refuses_connections_in_a_row_is_ejected_and_no_client_notices()
    {
        using var refusing = DeadEnd.Refusing();
        await using var good = TestBackend.Named("good");
        await using var balancer = await TestBalancer.StartAsync([refusing.Address, good.Address], pool: AfterThree);

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("good", await balancer.AskAsync());
        }

        var bad = balancer.Pool.Snapshot.Find(refusing.Address.ToString())!;
        Assert.Equal((BackendState.Ejected, 3L, 3L), (bad.State, bad.Failures, bad.Picks));
        Assert.Equal("3 failures in a row, the last: ConnectionRefused", bad.Reason);
        Assert.Equal(0, balancer.Listener.Refused);
    }

    [Fact]
    public async Task A_backend_that_resets_before_its_first_byte_is_ejected()
    {
        await using var resetting = TestBackend.Serving(static async socket =>
        {
            await socket.ReceiveExactlyAsync(1);
            socket.Reset();
        });
        await using var good = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([resetting.Address, good.Address], pool: AfterThree);

        for (var i = 0; i < 6; i++)
        {
            using var client = await balancer.ConnectAsync();
            await client.SendTextAsync("x");
            if (i % 2 == 0)
            {
                await client.IsResetAsync();
                await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
            }
            else
            {
                await client.ReceivesAsync("x");
            }
        }

        var bad = balancer.Pool.Snapshot.Find(resetting.Address.ToString())!;
        Assert.Equal((BackendState.Ejected, "3 failures in a row, the last: reset before its first byte"), (bad.State, bad.Reason));
        for (var i = 0; i < 3; i++)
        {
            using var client = await balancer.ConnectAsync();
            await client.SendTextAsync("x");
            await client.ReceivesAsync("x");
        }
    }

    [Fact]
    public async Task A_first_byte_is_a_success_and_a_reset_behind_it_says_nothing_of_the_next_connection()
    {
        await using var backend = TestBackend.ByHand();
        await using var other = TestBackend.Named("other");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], pool: AfterThree with { OutlierEjection = new() { ConsecutiveFailures = 1 } });

        for (var i = 0; i < 3; i++)
        {
            using var client = await balancer.ConnectAsync();
            var server = await backend.AcceptAsync();
            await server.SendTextAsync("x");
            await client.ReceivesAsync("x");
            server.Reset();
            await client.IsResetAsync();
        }

        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        var member = balancer.Pool.Snapshot.Members[0];
        Assert.Equal((BackendState.Healthy, 3L), (member.State, member.Failures));
    }

    [Fact]
    public async Task When_all_are_ejected_the_pool_panics_and_uses_all()
    {
        var refusing = DeadEnd.Refusing();
        await using var balancer = await TestBalancer.StartAsync([refusing.Address], pool: AfterThree with { OutlierEjection = new() { ConsecutiveFailures = 1, BaseTime = TimeSpan.FromHours(1), MaxTime = TimeSpan.FromHours(2) } });
        await SocketExtensions.IsResetAsync(balancer.Address);
        Assert.Equal(BackendState.Ejected, balancer.Pool.Snapshot.Members[0].State);
        Assert.True(balancer.Pool.GetStatistics().IsPanicking);

        await SocketExtensions.IsResetAsync(balancer.Address);

        Assert.Equal(2, balancer.Pool.Snapshot.Members[0].Picks);
        Assert.Equal(2, balancer.Listener.Refusals["ConnectFailed"]);
        refusing.Dispose();
    }
}
