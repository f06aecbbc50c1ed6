using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Backends;

public sealed class CommandTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_drained_backend_keeps_what_it_has_and_gets_nothing_until_it_is_resumed()
    {
        var pool = Some.Pool(2, options => options, _time);
        var backend = pool.Snapshot.Members[0];
        Assert.True(pool.TryAcquire(backend));

        pool.Drain(backend);
        Assert.Equal((BackendState.Draining, "drained by command", 1), (backend.State, backend.Reason, backend.Active));
        Assert.Equal(_time.GetTimestamp(), backend.DrainingSince);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.NotSame(backend, pool.Pick(pool.Policy, 0)));
        pool.Release(backend);
        Assert.Contains(backend, pool.Snapshot.Members);

        pool.Resume(backend);
        Assert.Equal((BackendState.Healthy, "resumed by command"), (backend.State, backend.Reason));
        Assert.Null(backend.DrainingSince);
        Assert.Contains(backend, Enumerable.Range(0, 20).Select(_ => pool.Pick(pool.Policy, 0)));
    }

    [Fact]
    public void A_drained_backend_stays_drained_whatever_its_checks_and_discovery_say()
    {
        var pool = Some.Pool(2, options => options);
        var backend = pool.Snapshot.Members[0];
        pool.Drain(backend);

        pool.SetHealth(backend, healthy: false, "");
        pool.SetHealth(backend, healthy: true, "");
        pool.SetMembers(Some.Addresses(0, 1, 2));
        pool.Configure(Some.WithoutChecks with { MaxConnections = 7 });

        Assert.Equal(BackendState.Draining, backend.State);
        Assert.Contains(backend, pool.Snapshot.Members);
    }

    [Fact]
    public void One_that_became_unhealthy_while_it_was_drained_is_unhealthy_when_it_is_resumed()
    {
        var pool = Some.Pool(2, options => options);
        var backend = pool.Snapshot.Members[0];
        pool.Drain(backend);
        pool.SetHealth(backend, healthy: false, "connect failed");

        pool.Resume(backend);

        Assert.Equal(BackendState.Unhealthy, backend.State);
    }

    [Fact]
    public void A_weight_by_command_lasts_until_the_configuration_gives_another_than_it_did()
    {
        var pool = Some.Pool(1, options => Weighing(options, 3));
        var backend = pool.Snapshot.Members[0];
        Assert.Equal(3, backend.Weight);

        pool.SetWeight(backend, 100);
        Assert.Equal(100, backend.Weight);
        pool.Configure(Weighing(pool.Options with { MaxConnections = 9 }, 3));
        Assert.Equal((100, 9), (backend.Weight, backend.MaxConnections));
        pool.Configure(Weighing(pool.Options, 4));
        Assert.Equal(4, backend.Weight);
        pool.Configure(Weighing(pool.Options, 3));
        Assert.Equal(3, backend.Weight);
    }

    [Theory]
    [InlineData(SelectionPolicy.WeightedRoundRobin)]
    [InlineData(SelectionPolicy.Random)]
    [InlineData(SelectionPolicy.ConsistentHash)]
    [InlineData(SelectionPolicy.LeastConnections)]
    [InlineData(SelectionPolicy.PowerOfTwoChoices)]
    public void A_weight_by_command_changes_shares_at_once(SelectionPolicy kind)
    {
        var pool = Some.Pool(2, options => options with { Policy = kind });
        pool.Pick(pool.Policy, 0);

        pool.SetWeight(pool.Snapshot.Members[0], 9);

        var counts = Enumerable.Range(0, 10_000).Select(i => pool.Pick(pool.Policy, (ulong)i)!).Counts();
        Assert.InRange(counts[pool.Snapshot.Members[0]], 8_800, 9_200);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(257)]
    public void A_weight_out_of_range_is_refused(int weight)
    {
        var pool = Some.Pool(1, options => options);

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.SetWeight(pool.Snapshot.Members[0], weight));
        Assert.Equal(1, pool.Snapshot.Members[0].Weight);
    }

    [Fact]
    public void A_policy_by_command_lasts_until_the_configuration_gives_another_than_it_did()
    {
        var pool = Some.Pool(2, options => options with { Policy = SelectionPolicy.Random });

        pool.SetPolicy(SelectionPolicy.PeakEwma);
        var policy = pool.Policy;
        Assert.Equal(SelectionPolicy.PeakEwma, policy.Kind);
        pool.SetPolicy(SelectionPolicy.PeakEwma);
        pool.Configure(pool.Options with { MaxConnections = 9 });
        Assert.Same(policy, pool.Policy);
        Assert.Equal(SelectionPolicy.PeakEwma, pool.GetStatistics().Policy);

        pool.Configure(pool.Options with { Policy = SelectionPolicy.First });
        Assert.Equal(SelectionPolicy.First, pool.Policy.Kind);
        pool.Configure(pool.Options with { Policy = SelectionPolicy.Random });
        Assert.Equal(SelectionPolicy.Random, pool.Policy.Kind);
    }

    [Fact]
    public void Faults_that_are_none_are_off()
    {
        var pool = Some.Pool(1, options => options);
        var backend = pool.Snapshot.Members[0];
        var changes = 0;
        pool.Changed += _ => changes++;

        pool.SetFaults(new() { Refuse = true });
        pool.SetFaults(backend, new() { LatencyMilliseconds = 5 });
        Assert.Equal((true, 5), (pool.Faults!.Refuse, backend.Faults!.LatencyMilliseconds));

        pool.SetFaults(new FaultOptions());
        pool.SetFaults(backend, null);
        Assert.Null(pool.Faults);
        Assert.Null(backend.Faults);
        Assert.Equal(4, changes);
    }

    private static PoolOptions Weighing(PoolOptions options, int weight) =>
        options with { Backends = new() { ["one"] = new() { Address = Some.Address(0).ToString(), Weight = weight } } };
}
