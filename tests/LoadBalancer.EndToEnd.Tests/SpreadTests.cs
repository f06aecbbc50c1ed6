using System.Net.Sockets;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.EndToEnd.Tests;

// One at a time: they share the topology, and some of them kill replicas.
[Collection(nameof(StandaloneTopology))]
public sealed class SpreadTests(StandaloneTopology topology)
{
    [Fact]
    public async Task Three_hundred_requests_over_one_kept_alive_connection_are_spread_over_three_replicas()
    {
        using var client = topology.CreateClient();
        var replicas = new Dictionary<string, int>();

        for (var i = 0; i < 300; i++)
        {
            var replica = await StandaloneTopology.ReplicaAsync(client);
            replicas[replica] = replicas.GetValueOrDefault(replica) + 1;
        }

        Assert.Equal(["catalog-1", "catalog-2", "catalog-3"], replicas.Keys.Order());
        Assert.All(replicas.Values, count => Assert.InRange(count, 90, 110));
    }

    [Fact]
    public async Task Thirty_connections_through_layer_4_are_spread_evenly_and_each_stays_where_it_is()
    {
        var clients = new List<TcpClient>();
        var replicas = new Dictionary<string, int>();
        for (var i = 0; i < 30; i++)
        {
            var client = await topology.ConnectAsync();
            clients.Add(client);
            var first = await StandaloneTopology.EchoAsync(client, "one");
            var second = await StandaloneTopology.EchoAsync(client, "two");
            Assert.Equal(first.Split(' ')[..2], second.Split(' ')[..2]);
            Assert.EndsWith(" two", second);
            var replica = first.Split(' ')[0];
            replicas[replica] = replicas.GetValueOrDefault(replica) + 1;
        }

        List<ConnectionStatistics> table = [];
        // Bytes are counted when they were sent, which is when the answer may be on its way already.
        await Wait.UntilAsync(
            async () =>
            {
                table = [.. (await topology.GetWireStatisticsAsync()).Layer4.Connections.Where(row => row.Listener == "echo")];
                return table.Count == 30 && table.TrueForAll(row => row.BytesToBackend == 8);
            },
            () => $"30 connections of 8 bytes; there are {string.Join(", ", table)}");
        clients.ForEach(client => client.Dispose());

        Assert.Equal(["echo-1", "echo-2", "echo-3"], replicas.Keys.Order());
        Assert.All(replicas.Values, count => Assert.Equal(10, count));
        Assert.Equal(30, table.Count);
        Assert.All(table, row => Assert.Equal(8, row.BytesToBackend));
    }

    [Fact]
    public async Task Clients_over_UDP_are_spread_over_three_replicas_and_each_stays_where_it_is()
    {
        var replicas = new Dictionary<string, int>();
        var clients = new HashSet<string>();
        for (var i = 0; i < 30; i++)
        {
            using var client = topology.CreateUdpClient();
            clients.Add($"{client.Client.LocalEndPoint}");
            var first = await StandaloneTopology.EchoAsync(client, "one");
            var second = await StandaloneTopology.EchoAsync(client, "two");
            Assert.Equal(first.Split(' ')[..2], second.Split(' ')[..2]);
            Assert.EndsWith(" two", second);
            var replica = first.Split(' ')[0];
            replicas[replica] = replicas.GetValueOrDefault(replica) + 1;
        }

        BalancerStatistics? wire = null;
        List<ConnectionStatistics> sessions = [];
        // Bytes are counted when they were sent, as over TCP.
        await Wait.UntilAsync(
            async () =>
            {
                wire = await topology.GetWireStatisticsAsync();
                sessions = [.. wire.Layer4.Connections.Where(row => row.Listener == "echo-udp")];
                return sessions.Count(row => clients.Contains(row.Client) && row.BytesToBackend == 6) == 30;
            },
            () => $"30 sessions of 6 bytes; there are {string.Join(", ", sessions)}");
        Assert.Equal(["echo-1", "echo-2", "echo-3"], replicas.Keys.Order());
        Assert.All(replicas.Values, count => Assert.Equal(10, count));
        // Other tests have sessions of their own.
        Assert.Equal(30, sessions.Count(row => clients.Contains(row.Client) && row.BytesToBackend == 6));
        Assert.Equal(sessions.Count, wire!.Layer4.Listeners.Single(listener => listener.Name == "echo-udp").Active);
    }

    [Theory]
    [InlineData("/auth/login", "auth-")]
    [InlineData("/settings/", "settings-")]
    [InlineData("/items", "catalog-")]
    public async Task A_path_prefix_leads_to_its_service(string path, string replica)
    {
        using var client = topology.CreateClient();

        Assert.StartsWith(replica, await StandaloneTopology.ReplicaAsync(client, path));
    }

    [Fact]
    public async Task The_same_routes_are_served_over_TLS()
    {
        using var client = topology.CreateClient(topology.EdgeHttps);
        var replicas = new HashSet<string>();

        for (var i = 0; i < 6; i++)
        {
            replicas.Add(await StandaloneTopology.ReplicaAsync(client));
        }

        Assert.Equal(["catalog-1", "catalog-2", "catalog-3"], replicas.Order());
        Assert.StartsWith("auth-", await StandaloneTopology.ReplicaAsync(client, "/auth/login"));
        Assert.True((await topology.GetEdgeStatisticsAsync()).Layer7.Listeners.Single(listener => listener.Name == "https").Tls);
    }

    [Fact]
    public async Task About_is_answered_from_the_cache()
    {
        using var client = topology.CreateClient();

        var answers = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            // With a query of its own: what others have asked for may end in the middle of this.
            answers.Add(await client.GetStringAsync("/about?of=spread", TestContext.Current.CancellationToken));
        }

        Assert.Single(answers);
        Assert.True((await topology.GetEdgeStatisticsAsync()).Layer7.Routes.Single(route => route.Name == "about").CacheHits >= 5);
    }
}
