using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer4.Tests.Support;
using LoadBalancer.Machine;

namespace LoadBalancer.Layer4.Tests.Udp;

public sealed class FailureTests
{
    [Fact]
    public async Task A_port_where_nobody_listens_ends_the_session_and_the_client_s_retry_goes_elsewhere()
    {
        await using var gone = UdpBackend.Named("gone");
        await using var good = UdpBackend.Named("good");
        await using var balancer = await UdpClients.StartAsync([gone.Address, good.Address]);
        await gone.DisposeAsync();
        using var client = balancer.Client();

        await client.SendDatagramAsync("lost");
        await Eventually.TrueAsync(() => balancer.Pool.Snapshot.Members[0].Failures == 1);
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);

        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Active);
        Assert.Equal("good", await client.AskAsync("retry"));
        Assert.Equal(BackendState.Healthy, balancer.Pool.Snapshot.Members[0].State);
    }

    [Fact]
    public async Task The_retry_goes_elsewhere_under_a_policy_that_would_pick_the_same_again()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address], new()
        {
            Policy = Configuration.SelectionPolicy.SourceHash,
            SourceAffinity = new(),
        });
        using var client = balancer.Client();
        var first = await client.AskAsync();
        await (first == "one" ? one : two).DisposeAsync();

        await client.SendDatagramAsync("lost");
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);

        Assert.Equal(first == "one" ? "two" : "one", await client.AskAsync("retry"));
        Assert.Equal(first == "one" ? "two" : "one", await client.AskAsync());
    }

    [Fact]
    public async Task A_backend_that_nobody_replaces_is_tried_again()
    {
        // Nobody else takes the port while it is free.
        var backend = UdpBackend.Named("first", port: FreePorts.Take());
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        using var client = balancer.Client();
        Assert.Equal("first", await client.AskAsync());
        await backend.DisposeAsync();
        await client.SendDatagramAsync("lost");
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);

        await using var restarted = UdpBackend.Named("second", port: backend.Address.Port);

        Assert.Equal("second", await client.AskAsync());
    }

    [Fact]
    public async Task Failures_in_a_row_eject_and_a_reply_ends_the_row()
    {
        await using var gone = UdpBackend.Named("gone");
        await using var good = UdpBackend.Named("good");
        await using var balancer = await UdpClients.StartAsync([gone.Address, good.Address]);
        await balancer.ApplyAsync(options => options.Pools["backends"] = options.Pools["backends"] with
        {
            OutlierEjection = new() { ConsecutiveFailures = 3 },
        });
        await gone.DisposeAsync();
        var failing = balancer.Pool.Snapshot.Members[0];
        var clients = Enumerable.Range(0, 20).Select(_ => balancer.Client()).ToArray();
        for (var i = 0; failing.Failures < 3; i++)
        {
            await clients[i].SendDatagramAsync("x");
            // A session is accepted before it has its backend, and fails after that.
            await Eventually.TrueAsync(() => balancer.Pool.Snapshot.Members.Sum(member => member.Picks) == i + 1 && failing.Failures == failing.Picks);
        }

        await Eventually.TrueAsync(() => failing.State == BackendState.Ejected);
        Assert.Equal(3, failing.Failures);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("good", await balancer.AskOnceAsync());
        }

        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task The_next_datagram_of_a_session_whose_backend_is_ejected_goes_to_another()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address]);
        using var client = balancer.Client();
        Assert.Equal("one", await client.AskAsync());

        balancer.Pool.Eject(balancer.Pool.Snapshot.Members[0], "the test says so");

        Assert.Equal("two", await client.AskAsync());
        Assert.Equal([0, 1], balancer.Pool.Snapshot.Members.Select(member => member.Active));
    }

    [Fact]
    public async Task The_next_datagram_of_a_session_whose_backend_left_goes_to_another()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address]);
        using var client = balancer.Client();
        Assert.Equal("one", await client.AskAsync());

        balancer.Pool.SetMembers([two.Address]);

        Assert.Equal("two", await client.AskAsync());
        Assert.Equal(two.Address.ToString(), Assert.Single(balancer.Pool.Snapshot.Members).Id);
    }

    [Fact]
    public async Task A_client_that_is_gone_is_nobody_s_failure()
    {
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        var gone = balancer.Client();
        await gone.SendDatagramAsync("x");
        var (_, from) = await backend.Socket.ReceiveTextFromAsync();
        gone.Dispose();

        await backend.Socket.ReplyAsync("into the void", from);
        await Eventually.TrueAsync(() => balancer.Connections is [{ BytesToClient: 13 }]);

        using var client = balancer.Client();
        await client.SendDatagramAsync("y");
        Assert.Equal("y", (await backend.Socket.ReceiveTextFromAsync()).Text);
        Assert.Equal(0L, balancer.Pool.Snapshot.Members[0].Failures);
    }
}
