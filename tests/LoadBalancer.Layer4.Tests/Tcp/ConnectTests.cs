using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class ConnectTests
{
    [Fact]
    public async Task Connections_spread_evenly_over_the_backends()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var three = TestBackend.Named("three");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address, three.Address]);

        var answers = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            answers.Add(await balancer.AskAsync());
        }

        Assert.Equal([("one", 10), ("three", 10), ("two", 10)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public async Task A_backend_that_refuses_is_passed_over_and_the_failure_counted()
    {
        using var refusing = DeadEnd.Refusing();
        await using var good = TestBackend.Named("good");
        await using var balancer = await TestBalancer.StartAsync([refusing.Address, good.Address]);

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("good", await balancer.AskAsync());
        }

        var bad = balancer.Pool.Snapshot.Find(refusing.Address.ToString())!;
        // Every second pick is the one that refuses, or more, as the picks that follow a failure move the turn on.
        Assert.InRange(bad.Failures, 3, 10);
        Assert.Equal((bad.Picks, 0), (bad.Failures, bad.Active));
        Assert.Equal(0, balancer.Pool.Snapshot.Find(good.Address.ToString())!.Failures);
        Assert.Equal(0, balancer.Listener.Refused);
    }

    [Fact]
    public async Task A_backend_that_does_not_answer_is_passed_over_when_its_time_is_over()
    {
        using var silent = await DeadEnd.SilentAsync();
        await using var good = TestBackend.Named("good");
        await using var balancer = await TestBalancer.StartAsync([silent.Address, good.Address], new() { ConnectTimeout = TimeSpan.FromSeconds(2) });

        Assert.Equal("good", await balancer.AskAsync());

        var bad = balancer.Pool.Snapshot.Find(silent.Address.ToString())!;
        Assert.Equal((1L, 1L, 0), (bad.Picks, bad.Failures, bad.Active));
    }

    [Fact]
    public async Task A_connection_that_waits_for_its_backend_is_in_the_table_without_one()
    {
        using var silent = await DeadEnd.SilentAsync();
        await using var balancer = await TestBalancer.StartAsync([silent.Address], new() { ConnectTimeout = TimeSpan.FromMinutes(1) });
        using var client = await balancer.ConnectAsync();

        await Eventually.TrueAsync(() => balancer.Connections.Count == 1 && balancer.Pool.Snapshot.Members[0].Active == 1);

        var row = Assert.Single(balancer.Connections);
        Assert.Equal((null, null), (row.Backend, row.BackendAddress));
    }

    [Fact]
    public async Task Bytes_that_a_client_sends_before_its_backend_is_connected_arrive()
    {
        using var silent = await DeadEnd.SilentAsync();
        await using var echo = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([silent.Address, echo.Address], new() { ConnectTimeout = TimeSpan.FromSeconds(2) });
        using var client = await balancer.ConnectAsync();

        await client.SendTextAsync("early");
        client.Finish();

        Assert.Equal("early", await client.ReceiveTextToEndAsync());
    }

    [Fact]
    public async Task A_client_of_a_pool_without_backends_is_reset_and_counted_as_refused()
    {
        await using var balancer = await TestBalancer.StartAsync([]);

        for (var i = 0; i < 3; i++)
        {
            await SocketExtensions.IsResetAsync(balancer.Address);
        }

        await Eventually.TrueAsync(() => balancer.Listener is { Refused: 3, Accepted: 3, Active: 0 });
    }

    [Fact]
    public async Task A_client_whose_backends_all_refuse_is_reset_after_each_was_tried_once()
    {
        using var one = DeadEnd.Refusing();
        using var two = DeadEnd.Refusing();
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], new() { ConnectAttempts = 5 });

        await SocketExtensions.IsResetAsync(balancer.Address);

        await Eventually.TrueAsync(() => balancer.Listener is { Refused: 1, Active: 0 });
        Assert.All(balancer.Pool.Snapshot.Members, backend => Assert.Equal((1L, 1L, 0), (backend.Picks, backend.Failures, backend.Active)));
    }

    [Fact]
    public async Task No_more_backends_are_tried_than_attempts_are_configured()
    {
        using var one = DeadEnd.Refusing();
        using var two = DeadEnd.Refusing();
        using var three = DeadEnd.Refusing();
        await using var good = TestBackend.Named("good");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address, three.Address, good.Address], new() { ConnectAttempts = 2 });

        await SocketExtensions.IsResetAsync(balancer.Address);

        Assert.Equal(2, balancer.Pool.Snapshot.Members.Sum(backend => backend.Picks));
        Assert.Equal(0, good.Accepted);
    }

    [Fact]
    public async Task A_listener_goes_on_after_refusals()
    {
        await using var good = TestBackend.Named("good");
        using var refusing = DeadEnd.Refusing();
        await using var balancer = await TestBalancer.StartAsync([refusing.Address, good.Address], new() { ConnectAttempts = 1 });

        await SocketExtensions.IsResetAsync(balancer.Address);
        Assert.Equal("good", await balancer.AskAsync());
    }

    [Fact]
    public async Task The_same_client_address_keeps_its_backend_by_source_hash()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], new() { Policy = SelectionPolicy.SourceHash });

        var first = await balancer.AskAsync();
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(first, await balancer.AskAsync());
        }
    }

    [Fact]
    public async Task Open_connections_count_for_least_connections()
    {
        await using var one = TestBackend.Echo();
        await using var two = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], new() { Policy = SelectionPolicy.LeastConnections });
        var members = balancer.Pool.Snapshot.Members;
        var clients = new List<System.Net.Sockets.Socket>();
        for (var i = 1; i <= 6; i++)
        {
            clients.Add(await balancer.ConnectAsync());
            await Eventually.TrueAsync(() => members.Sum(backend => backend.Active) == i);
        }

        Assert.Equal([3, 3], members.Select(backend => backend.Active));
        await Eventually.TrueAsync(() => balancer.Connections.Count(row => row.BackendAddress is not null) == 6);
        var onFirst = balancer.Connections.Where(row => row.BackendAddress == members[0].Id).Select(row => row.Client).ToHashSet();
        foreach (var client in clients.Where(client => onFirst.Contains(client.LocalEndPoint!.ToString()!)))
        {
            client.Dispose();
        }

        await Eventually.TrueAsync(() => members[0].Active == 0);
        using var next = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => members[0].Active == 1);
        Assert.Equal(3, members[1].Active);
        clients.ForEach(client => client.Dispose());
    }
}
