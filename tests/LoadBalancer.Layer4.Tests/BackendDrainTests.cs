using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests;

public sealed class BackendDrainTests
{
    [Fact]
    public async Task A_drained_backend_gets_no_new_connection_and_keeps_those_it_has()
    {
        await using var one = TestBackend.Echo();
        await using var two = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address]);
        using var onOne = await balancer.ConnectAsync();
        await EchoAsync(onOne);

        balancer.Pool.Drain(balancer.Pool.Snapshot.Members[0]);
        for (var i = 0; i < 4; i++)
        {
            using var client = await balancer.ConnectAsync();
            await EchoAsync(client);
        }

        Assert.Equal((1, 4), (one.Accepted, two.Accepted));
        await EchoAsync(onOne);

        balancer.Pool.Resume(balancer.Pool.Snapshot.Members[0]);
        for (var i = 0; i < 4; i++)
        {
            using var client = await balancer.ConnectAsync();
            await EchoAsync(client);
        }

        Assert.Equal((3, 6), (one.Accepted, two.Accepted));
    }

    [Fact]
    public async Task With_every_backend_drained_there_is_none()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);

        balancer.Pool.Drain(balancer.Pool.Snapshot.Members[0]);

        await SocketExtensions.IsResetAsync(balancer.Address);
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("NoBackend") == 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_left_when_the_drain_time_out_is_over_is_reset(bool byCommand)
    {
        await using var one = TestBackend.ByHand();
        await using var two = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([one.Address]);
        await balancer.ApplyAsync(options => options.DrainTimeout = TimeSpan.FromMilliseconds(300));
        using var client = await balancer.ConnectAsync();
        using var server = await one.AcceptAsync();
        await client.SendTextAsync("x");
        await server.ReceivesAsync("x");
        balancer.Pool.SetMembers([one.Address, two.Address]);
        using var other = await ConnectToAsync(balancer, two);

        if (byCommand)
        {
            balancer.Pool.Drain(balancer.Pool.Snapshot.Members[0]);
        }
        else
        {
            balancer.Pool.SetMembers([two.Address]);
        }

        await client.IsResetAsync();
        await server.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Log.With("Drained").Count == 1);
        await EchoAsync(other);
        Assert.Equal(byCommand ? 2 : 1, balancer.Pool.Snapshot.Members.Length);
    }

    [Fact]
    public async Task A_backend_that_is_taken_back_keeps_its_connections()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        await balancer.ApplyAsync(options => options.DrainTimeout = TimeSpan.FromMilliseconds(1500));
        using var client = await balancer.ConnectAsync();
        await EchoAsync(client);
        var member = balancer.Pool.Snapshot.Members[0];

        balancer.Pool.Drain(member);
        Assert.NotNull(member.DrainingSince);
        balancer.Pool.Resume(member);

        Assert.Null(member.DrainingSince);
        await EchoAsync(client);
    }

    private static async Task<System.Net.Sockets.Socket> ConnectToAsync(TestBalancer balancer, TestBackend backend)
    {
        while (true)
        {
            var client = await balancer.ConnectAsync();
            await Eventually.TrueAsync(() => balancer.Connections.Any(row => row.Client == client.LocalEndPoint!.ToString() && row.Backend is not null));
            if (balancer.Connections.Any(row => row.Client == client.LocalEndPoint!.ToString() && row.BackendAddress == backend.Address.ToString()))
            {
                return client;
            }

            client.Dispose();
        }
    }

    private static async Task EchoAsync(System.Net.Sockets.Socket client)
    {
        await client.SendTextAsync("hello");
        await client.ReceivesAsync("hello");
    }
}
