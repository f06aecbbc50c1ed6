using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class AffinityTests
{
    private static readonly IPAddress[] Clients = [.. Enumerable.Range(1, 12).Select(i => IPAddress.Parse($"127.0.1.{i}"))];

    [Fact]
    public async Task A_client_keeps_its_backend_across_reconnects_whatever_the_policy()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var three = TestBackend.Named("three");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address, three.Address], new() { Policy = SelectionPolicy.RoundRobin, SourceAffinity = new() });

        var first = await AskAllAsync(balancer);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(first, await AskAllAsync(balancer));
        }

        // The policy picked once for each.
        Assert.Equal([4, 4, 4], first.CountBy(answer => answer).Select(pair => pair.Value));
        Assert.Equal(Clients.Length, balancer.Listener.Affinities);
    }

    [Fact]
    public async Task Without_affinity_it_does_not()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address]);

        Assert.Equal(["one", "two"], [await balancer.AskAsync(), await balancer.AskAsync()]);
        Assert.Equal(0, balancer.Listener.Affinities);
    }

    [Theory]
    [InlineData(SelectionPolicy.RoundRobin)]
    [InlineData(SelectionPolicy.SourceHash)]
    [InlineData(SelectionPolicy.LeastConnections)]
    public async Task When_replicas_change_only_clients_of_the_one_that_left_move(SelectionPolicy policy)
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var three = TestBackend.Named("three");
        await using var four = TestBackend.Named("four");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address, three.Address], new() { Policy = policy, SourceAffinity = new() });
        var before = await AskAllAsync(balancer);

        balancer.Pool.SetMembers([one.Address, two.Address, three.Address, four.Address]);
        Assert.Equal(before, await AskAllAsync(balancer));

        balancer.Pool.SetMembers([one.Address, three.Address, four.Address]);
        var after = await AskAllAsync(balancer);
        Assert.All(before.Zip(after), pair => Assert.True(pair.First == "two" ? pair.Second != "two" : pair.First == pair.Second, $"{pair}"));

        // Those that moved stay where they are now, also when theirs comes back.
        balancer.Pool.SetMembers([one.Address, two.Address, three.Address, four.Address]);
        Assert.Equal(after, await AskAllAsync(balancer));
    }

    [Fact]
    public async Task A_reload_forgets_nobody()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], new() { SourceAffinity = new() });
        var before = await AskAllAsync(balancer);

        await balancer.ChangeListenerAsync("wire", listener => listener with { ConnectTimeout = TimeSpan.FromMinutes(1), SourceAffinity = new() });

        Assert.Equal(before, await AskAllAsync(balancer));
    }

    [Fact]
    public async Task A_source_is_as_much_of_an_address_as_the_prefix_says()
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], new() { SourceAffinity = new(), SourcePrefix = new() { IPv4 = 24 } });

        Assert.Single((await AskAllAsync(balancer)).Distinct());
        Assert.Equal(1, balancer.Listener.Affinities);
        Assert.NotEqual(await balancer.AskAsync(Clients[0]), await balancer.AskAsync(IPAddress.Parse("127.0.2.1")));
    }

    [Theory]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    public async Task By_default_a_source_is_an_IPv4_address_or_64_bits_of_an_IPv6_address(string first, string second, bool same)
    {
        await using var one = TestBackend.Named("one");
        await using var two = TestBackend.Named("two");
        await using var balancer = await TestBalancer.StartAsync(
            [one.Address, two.Address], new() { SourceAffinity = new(), ProxyProtocol = new() { TrustedNetworks = ["127.0.0.0/8"] } });

        var answers = new List<string>();
        foreach (var source in new[] { first, second })
        {
            using var client = await balancer.ConnectAsync();
            await client.SendTextAsync($"PROXY {(source.Contains(':') ? "TCP6" : "TCP4")} {source} {source} 1024 80\r\n");
            answers.Add(await client.ReceiveTextToEndAsync());
        }

        Assert.Equal(same, answers[0] == answers[1]);
    }

    [Fact]
    public async Task A_backend_that_is_full_for_now_remains_the_clients()
    {
        await using var one = TestBackend.Echo();
        await using var two = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([one.Address, two.Address], new() { SourceAffinity = new() }, pool: new() { MaxConnections = 1 });
        using var first = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => balancer.Connections is [{ Backend: not null }]);
        var own = balancer.Connections[0].Backend!;

        using (await balancer.ConnectAsync())
        {
            await Eventually.TrueAsync(() => balancer.Connections.Any(row => row.Backend is { } other && other != own));
        }

        first.Dispose();
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        using var again = await balancer.ConnectAsync();
        await Eventually.TrueAsync(() => balancer.Connections is [{ Backend: { } backend }] && backend == own);
    }

    [Fact]
    public async Task A_backend_that_cannot_be_connected_loses_the_client()
    {
        await using var good = TestBackend.Named("good");
        var refusing = DeadEnd.Refusing();
        using (refusing)
        {
            await using var balancer = await TestBalancer.StartAsync([refusing.Address, good.Address], new() { SourceAffinity = new() });

            for (var i = 0; i < 4; i++)
            {
                Assert.Equal("good", await balancer.AskAsync());
            }

            Assert.InRange(balancer.Pool.Snapshot.Find(refusing.Address.ToString())!.Picks, 0, 1);
        }
    }

    private static async Task<string[]> AskAllAsync(TestBalancer balancer)
    {
        var answers = new List<string>();
        foreach (var client in Clients)
        {
            answers.Add(await balancer.AskAsync(client));
        }

        return [.. answers];
    }
}
