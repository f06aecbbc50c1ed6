namespace LoadBalancer.EndToEnd.Tests;

// One at a time: they share the topology, and some of them kill replicas.
[Collection(nameof(StandaloneTopology))]
public sealed class KilledReplicaTests(StandaloneTopology topology)
{
    [Fact]
    public async Task Two_seconds_after_a_replica_is_killed_no_request_fails_and_it_comes_back_when_it_is_started()
    {
        using var client = topology.CreateClient();
        await topology.CommandAsync("kill catalog-2", "catalog-2 killed");
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);

        var replicas = new HashSet<string>();
        for (var i = 0; i < 100; i++)
        {
            // Throws for any status but success.
            replicas.Add(await StandaloneTopology.ReplicaAsync(client));
        }

        Assert.Equal(["catalog-1", "catalog-3"], replicas.Order());

        await topology.CommandAsync("start catalog-2", "catalog-2 running");
        await Wait.UntilAsync(async () => await StandaloneTopology.ReplicaAsync(client) == "catalog-2", () => "an answer of catalog-2");
    }

    [Fact]
    public async Task No_request_fails_while_a_replica_is_killed_without_one_under_way_there()
    {
        using var client = topology.CreateClient();
        await topology.CommandAsync("kill catalog-3", "catalog-3 killed");

        // No pause: what cannot be connected goes to another replica.
        for (var i = 0; i < 30; i++)
        {
            Assert.NotEqual("catalog-3", await StandaloneTopology.ReplicaAsync(client));
        }

        await topology.CommandAsync("start catalog-3", "catalog-3 running");
        await Wait.UntilAsync(async () => await StandaloneTopology.ReplicaAsync(client) == "catalog-3", () => "an answer of catalog-3");
    }

    [Fact]
    public async Task Connections_find_the_other_replicas_at_once_when_an_echo_is_killed()
    {
        await topology.CommandAsync("kill echo-3", "echo-3 killed");

        // No pause: a backend that refuses makes the balancer try another.
        var replicas = new HashSet<string>();
        for (var i = 0; i < 12; i++)
        {
            using var client = await topology.ConnectAsync();
            replicas.Add((await StandaloneTopology.EchoAsync(client, "hello")).Split(' ')[0]);
        }

        Assert.Equal(["echo-1", "echo-2"], replicas.Order());
        await topology.CommandAsync("start echo-3", "echo-3 running");
        await Wait.UntilAsync(
            // Each pool has checks of its own.
            async () => (await topology.GetWireStatisticsAsync()).Pools.Where(pool => pool.Name is "echo" or "echo-udp").All(pool => pool.Healthy == 3),
            () => "three healthy echo replicas in both pools");
    }
}
