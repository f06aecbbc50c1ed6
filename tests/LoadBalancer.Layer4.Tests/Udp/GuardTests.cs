using System.Net;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Udp;

public sealed class GuardTests
{
    [Fact]
    public async Task More_sessions_than_allowed_are_refused_until_one_ends()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { MaxConnections = 2, QueueLength = 1000 });
        using var one = balancer.Client();
        using var two = balancer.Client();
        using var three = balancer.Client();
        await one.AskAsync();
        await two.AskAsync();

        await three.SendDatagramAsync("x");
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("AtCapacity") == 1);
        Assert.Equal("still", await one.AskAsync("still"));
        Assert.Equal((2, 2L, 2, 0), (balancer.Listener.Active, balancer.Listener.Accepted, balancer.Listener.MaxConnections, balancer.Listener.Queued));

        balancer.Balancer.TryClose(balancer.Connections[0].Id);
        Assert.Equal("now", await three.AskAsync("now"));
    }

    [Fact]
    public async Task A_backend_at_its_limit_gets_no_session()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        await balancer.ApplyAsync(options => options.Pools["backends"] = options.Pools["backends"] with { MaxConnections = 1 });
        using var one = balancer.Client();
        using var two = balancer.Client();
        await one.AskAsync();

        await two.SendDatagramAsync("x");

        // It is counted a moment before its row goes.
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("AtCapacity") == 1 && balancer.Connections.Count < 2);
        Assert.Single(balancer.Connections);
    }

    [Fact]
    public async Task Without_a_backend_a_session_is_refused()
    {
        await using var balancer = await UdpClients.StartAsync([]);
        using var client = balancer.Client();

        await client.SendDatagramAsync("x");

        // It is counted a moment before its row goes.
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("NoBackend") == 1 && balancer.Connections.Count == 0);
        Assert.Empty(balancer.Connections);
    }

    [Fact]
    public async Task A_network_that_is_denied_gets_no_session()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { DeniedNetworks = ["127.0.0.2"] });
        using var denied = UdpClients.To(balancer.Address, IPAddress.Parse("127.0.0.2"));
        using var allowed = UdpClients.To(balancer.Address, IPAddress.Parse("127.0.0.3"));

        await denied.SendDatagramAsync("x");

        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("Denied") == 1);
        Assert.Equal("y", await allowed.AskAsync("y"));
        Assert.Single(backend.Senders);
    }

    [Fact]
    public async Task The_rate_counts_sessions_and_not_datagrams()
    {
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { ConnectionRate = new() { PerSecond = 1, Burst = 2 } });
        using var one = balancer.Client();
        for (var i = 0; i < 50; i++)
        {
            await one.AskAsync();
        }

        var many = Enumerable.Range(0, 50).Select(_ => balancer.Client()).ToArray();
        foreach (var client in many)
        {
            await client.SendDatagramAsync("x");
        }

        await Eventually.TrueAsync(() => balancer.Listener.Accepted + balancer.Listener.Refused == 51);
        Assert.InRange(balancer.Listener.Refusals["RateLimited"], 1, 49);
        Array.ForEach(many, client => client.Dispose());
    }

    [Fact]
    public async Task Affinity_keeps_a_client_on_its_backend_from_one_port_to_the_next()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address], new() { SourceAffinity = new() });
        var answers = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            answers.Add(await balancer.AskOnceAsync());
        }

        Assert.Single(answers);
        Assert.Equal(1, balancer.Listener.Affinities);
    }

    [Fact]
    public async Task A_backend_that_is_full_for_now_remains_the_clients()
    {
        await using var one = UdpBackend.Named("one");
        await using var two = UdpBackend.Named("two");
        await using var balancer = await UdpClients.StartAsync([one.Address, two.Address], new() { SourceAffinity = new() });
        await balancer.ApplyAsync(options => options.Pools["backends"] = options.Pools["backends"] with { MaxConnections = 1 });
        using var first = balancer.Client();
        var own = await first.AskAsync();
        using var second = balancer.Client();
        Assert.NotEqual(own, await second.AskAsync());

        foreach (var session in balancer.Connections)
        {
            Assert.True(balancer.Balancer.TryClose(session.Id));
        }

        using var third = balancer.Client();
        Assert.Equal(own, await third.AskAsync());
    }
}
