using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Guards;

public sealed class SourceGuardTests
{
    private static readonly IPAddress One = IPAddress.Parse("127.0.3.1");
    private static readonly IPAddress Two = IPAddress.Parse("127.0.3.2");
    private static readonly IPAddress Far = IPAddress.Parse("127.9.9.9");

    [Fact]
    public async Task Only_allowed_networks_come_in_and_denied_ones_of_them_do_not()
    {
        await using var backend = TestBackend.Named("in");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { AllowedNetworks = ["127.0.3.0/24"], DeniedNetworks = ["127.0.3.2"] });

        Assert.Equal("in", await balancer.AskAsync(One));
        await IsRefusedAsync(balancer, Two);
        await IsRefusedAsync(balancer, Far);

        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("Denied") == 2);
        Assert.Equal((3L, 1), (balancer.Listener.Accepted, backend.Accepted));
    }

    [Fact]
    public async Task A_client_of_a_dual_stack_listener_is_judged_by_its_IPv4_address()
    {
        await using var backend = TestBackend.Named("in");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Address = "*:0", DeniedNetworks = ["127.0.0.0/8"] });

        await SocketExtensions.IsResetAsync(new IPEndPoint(IPAddress.Loopback, balancer.Address.Port));
        using var client = await SocketExtensions.ConnectAsync(new(IPAddress.IPv6Loopback, balancer.Address.Port));
        Assert.Equal("in", await client.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task A_reload_changes_who_may_come_in()
    {
        await using var backend = TestBackend.Named("in");
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        Assert.Equal("in", await balancer.AskAsync(One));

        await balancer.ChangeListenerAsync("wire", listener => listener with { DeniedNetworks = [$"{One}"] });
        await IsRefusedAsync(balancer, One);
    }

    [Fact]
    public async Task Who_may_not_come_in_takes_no_place_in_the_queue()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new()
        {
            DeniedNetworks = [$"{Two}"],
            MaxConnections = 1,
            QueueLength = 1,
            QueueTimeout = TimeSpan.FromMinutes(5),
        });
        using var first = await SocketExtensions.ConnectAsync(balancer.Address, One);
        await first.SendTextAsync("x");
        await first.ReceivesAsync("x");

        await IsRefusedAsync(balancer, Two);

        Assert.Equal(["Denied"], balancer.Listener.Refusals.Keys);
    }

    [Fact]
    public async Task A_source_that_connects_too_often_is_refused_and_others_are_not()
    {
        await using var backend = TestBackend.Named("in");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { ConnectionRate = new() { PerSecond = 1, Burst = 3 } });

        for (var i = 0; i < 3; i++)
        {
            Assert.True(await ComesInAsync(balancer, One));
        }

        // All at once: one after the other they might take the seconds that the rate allows.
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ComesInAsync(balancer, One)));
        var refused = answers.Count(came => !came);
        Assert.True(refused > 0);
        Assert.True(await ComesInAsync(balancer, Two));
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("RateLimited") == refused);

        // After a while it may come again.
        await EventuallyComesInAsync(balancer, One);
    }

    [Fact]
    public async Task A_reload_that_leaves_the_rate_alone_does_not_start_it_anew()
    {
        await using var backend = TestBackend.Named("in");
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { ConnectionRate = new() { PerSecond = 1, Burst = 1 }, SourcePrefix = new() { IPv4 = 24 } });
        Assert.True(await ComesInAsync(balancer, One));

        await balancer.ChangeListenerAsync("wire", listener => listener with { ConnectionRate = new() { PerSecond = 1, Burst = 1 }, SourcePrefix = new() { IPv4 = 24 } });

        // Of one source by its prefix. All at once: one after the other they might take the seconds that the rate allows.
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ComesInAsync(balancer, Two)));

        Assert.InRange(answers.Count(came => came), 0, 9);
    }

    private static async Task IsRefusedAsync(TestBalancer balancer, IPAddress from) => Assert.False(await ComesInAsync(balancer, from));

    private static async Task EventuallyComesInAsync(TestBalancer balancer, IPAddress from)
    {
        while (!await ComesInAsync(balancer, from))
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<bool> ComesInAsync(TestBalancer balancer, IPAddress from)
    {
        try
        {
            Assert.Equal("in", await balancer.AskAsync(from));
            return true;
        }
        catch (SocketException exception)
        {
            Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
            return false;
        }
    }
}
