using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;
using LoadBalancer.Machine;

namespace LoadBalancer.Layer4.Tests;

public sealed class ReloadTests
{
    [Fact]
    public async Task A_changed_pool_takes_new_connections_and_leaves_the_open_ones()
    {
        await using var old = TestBackend.Echo();
        await using var other = TestBackend.Named("new");
        await using var balancer = await TwoPoolsAsync(old, other);
        using var open = await balancer.ConnectAsync();
        await open.SendTextAsync("before");
        await open.ReceivesAsync("before");
        var address = balancer.Address;

        await balancer.ChangeListenerAsync("wire", listener => listener with { Pool = "second" });

        Assert.Equal(address, balancer.Address);
        Assert.Equal("new", await balancer.AskAsync());
        await open.SendTextAsync("after");
        await open.ReceivesAsync("after");
        Assert.Equal("second", balancer.Listener.Pool);
        open.Finish();
        Assert.Equal("", await open.ReceiveTextToEndAsync());
        await Eventually.TrueAsync(() => balancer.PoolOf("first").Snapshot.Members[0].Active == 0);
    }

    [Fact]
    public async Task A_changed_policy_picks_for_new_connections()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address]);
        Assert.Equal(SelectionPolicy.RoundRobin, balancer.Listener.Policy);
        Assert.Equal(["one", "two", "one"], [await balancer.AskAsync(), await balancer.AskAsync(), await balancer.AskAsync()]);

        await balancer.ChangeListenerAsync("wire", listener => listener with { Policy = SelectionPolicy.SourceHash });

        Assert.Equal(SelectionPolicy.SourceHash, balancer.Listener.Policy);
        var answers = new HashSet<string> { await balancer.AskAsync(), await balancer.AskAsync(), await balancer.AskAsync(), await balancer.AskAsync() };
        Assert.Single(answers);
    }

    [Fact]
    public async Task A_changed_policy_of_the_pool_counts_where_the_listener_has_none()
    {
        await using var one = TestBackend.Named("one");
        await using var balancer = await TestBalancer.StartAsync([one.Address]);

        await balancer.ApplyAsync(options => options.Pools["backends"] = options.Pools["backends"] with { Policy = SelectionPolicy.LeastConnections });

        Assert.Equal(SelectionPolicy.LeastConnections, balancer.Listener.Policy);
        Assert.Equal("one", await balancer.AskAsync());
    }

    [Fact]
    public async Task A_reload_that_changes_nothing_goes_on_with_the_turn()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], new() { Policy = SelectionPolicy.RoundRobin });

        Assert.Equal("one", await balancer.AskAsync());
        await balancer.ApplyAsync(_ => { });
        Assert.Equal("two", await balancer.AskAsync());
        await balancer.ApplyAsync(_ => { });
        Assert.Equal("one", await balancer.AskAsync());
        Assert.Equal(3, balancer.Listener.Accepted);
    }

    [Fact]
    public async Task A_shorter_idle_time_out_is_for_new_connections_only()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { IdleTimeout = TimeSpan.FromHours(1) });
        using var old = await balancer.ConnectAsync();
        using var oldServer = await backend.AcceptAsync();

        await balancer.ChangeListenerAsync("wire", listener => listener with { IdleTimeout = TimeSpan.FromMilliseconds(100) });
        using var young = await balancer.ConnectAsync();
        using var youngServer = await backend.AcceptAsync();
        await young.IsResetAsync();

        // It has been idle for longer than the one that is gone.
        await old.SendTextAsync("still here");
        await oldServer.ReceivesAsync("still here");
    }

    [Fact]
    public async Task A_changed_connect_time_out_and_number_of_attempts_count_for_new_connections()
    {
        using var silent = await DeadEnd.SilentAsync();
        await using var good = TestBackend.Named("good");
        await using var balancer = await TestBalancer.StartAsync([silent.Address, good.Address], new() { ConnectTimeout = TimeSpan.FromMinutes(5), ConnectAttempts = 1 });

        await balancer.ChangeListenerAsync("wire", listener => listener with { ConnectTimeout = TimeSpan.FromSeconds(2), ConnectAttempts = 2 });

        Assert.Equal("good", await balancer.AskAsync());
        Assert.Equal("good", await balancer.AskAsync());
    }

    [Fact]
    public async Task A_listener_that_is_no_longer_configured_refuses_new_connections_and_drains_the_open_ones()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var address = balancer.Address;
        using var open = await balancer.ConnectAsync();
        await open.SendTextAsync("x");
        await open.ReceivesAsync("x");

        await balancer.ApplyAsync(options => options.Layer4.Listeners.Clear());

        Assert.Empty(balancer.Balancer.GetStatistics().Listeners);
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => SocketExtensions.ConnectAsync(address));
        await open.SendTextAsync("draining");
        await open.ReceivesAsync("draining");
        open.Finish();
        Assert.Equal("", await open.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task A_listener_that_is_added_accepts_beside_the_others()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TwoPoolsAsync(one, two);

        await balancer.ApplyAsync(options => options.Layer4.Listeners["another"] = new() { Address = "127.0.0.1:0", Pool = "second" });

        Assert.Equal(["another", "wire"], balancer.Balancer.GetStatistics().Listeners.Select(listener => listener.Name));
        Assert.Equal("two", await balancer.AskAsync());
        using var client = await SocketExtensions.ConnectAsync(System.Net.IPEndPoint.Parse(balancer.Balancer.GetStatistics().Listeners[1].Addresses[0]));
        Assert.Equal("one", await client.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task A_listener_that_moves_to_another_address_leaves_the_old_one()
    {
        await using var backend = TestBackend.Named("one");
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var before = balancer.Address;

        await balancer.ChangeListenerAsync("wire", listener => listener with { Address = "[::1]:0" });

        Assert.Equal(System.Net.IPAddress.IPv6Loopback, balancer.Address.Address);
        Assert.Equal("one", await balancer.AskAsync());
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => SocketExtensions.ConnectAsync(before));
    }

    [Fact]
    public async Task A_listener_that_is_renamed_keeps_its_socket_and_connections()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Address = $"127.0.0.1:{FreePorts.Take()}" });
        using var open = await SocketExtensions.ConnectAsync(balancer.Address);
        await open.SendTextAsync("before");
        await open.ReceivesAsync("before");
        var row = Assert.Single(balancer.Connections);

        await balancer.ApplyAsync(options =>
        {
            options.Layer4.Listeners["renamed"] = options.Layer4.Listeners["wire"];
            options.Layer4.Listeners.Remove("wire");
        });

        Assert.Equal(("renamed", 1L, 1), (balancer.Listener.Name, balancer.Listener.Accepted, balancer.Listener.Active));
        Assert.Equal((row.Id, "renamed"), (balancer.Connections[0].Id, Assert.Single(balancer.Connections).Listener));
        await open.SendTextAsync("after");
        await open.ReceivesAsync("after");
        using var next = await balancer.ConnectAsync();
        await next.SendTextAsync("next");
        await next.ReceivesAsync("next");
        Assert.Equal(2, balancer.Listener.Accepted);
    }

    private static async Task<TestBalancer> TwoPoolsAsync(TestBackend first, TestBackend second)
    {
        var balancer = await TestBalancer.WithPoolsAsync(new() { ["first"] = [first.Address], ["second"] = [second.Address] });
        await balancer.ApplyAsync(options => options.Layer4.Listeners["wire"] = new() { Address = "127.0.0.1:0", Pool = "first" });
        return balancer;
    }
}
