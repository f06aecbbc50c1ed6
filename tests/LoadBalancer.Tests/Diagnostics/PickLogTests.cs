using System.Collections.Concurrent;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Tests.Diagnostics;

/// <summary>In one collection with the tests that listen to the meter: a listener's own allocations would count here.</summary>
[Collection(MeterCollection.Name)]
public sealed class PickLogTests
{
    private readonly PickLog _log = new(TimeProvider.System);

    [Fact]
    public void Nothing_is_kept_while_nobody_watches()
    {
        var pool = Pool(3, SelectionPolicy.RoundRobin);

        pool.Pick(pool.Policy, 0);
        using (_log.Watch())
        {
            pool.Pick(pool.Policy, 0);
        }

        pool.Pick(pool.Policy, 0);

        Assert.False(_log.IsWatched);
        Assert.Equal(1, _log.Last);
        Assert.Single(_log.After(0));
    }

    [Fact]
    public void It_is_watched_until_the_last_one_stops_however_often_one_says_so()
    {
        var (first, second) = (_log.Watch(), _log.Watch());

        first.Dispose();
        first.Dispose();
        Assert.True(_log.IsWatched);

        second.Dispose();
        Assert.False(_log.IsWatched);
    }

    [Theory]
    [InlineData(SelectionPolicy.RoundRobin, "its turn among 3")]
    [InlineData(SelectionPolicy.WeightedRoundRobin, "its turn among 3, as often as its weight 1 says")]
    [InlineData(SelectionPolicy.LeastConnections, "fewest active for its weight: 0 with weight 1, of 3")]
    [InlineData(SelectionPolicy.PowerOfTwoChoices, "less loaded of two drawn from 3: 0 active with weight 1")]
    [InlineData(SelectionPolicy.Random, "drawn from 3 by its weight 1")]
    [InlineData(SelectionPolicy.SourceHash, "the client's address hashes to it, of 3")]
    [InlineData(SelectionPolicy.ConsistentHash, "the key hashes to it, of 3")]
    [InlineData(SelectionPolicy.First, "first of 3 with room")]
    public void A_pick_says_why(SelectionPolicy policy, string reason)
    {
        var pool = Pool(3, policy);
        using var watching = _log.Watch();

        var backend = pool.Pick(pool.Policy, 7)!;

        var pick = Assert.Single(_log.After(0));
        Assert.Equal(("catalog", backend.Name, backend.Id, (SelectionPolicy?)policy, reason), (pick.Pool, pick.Backend, pick.Address, pick.Policy, pick.Reason));
    }

    [Fact]
    public void Affinity_further_attempts_and_the_last_one_left_say_so()
    {
        var pool = Pool(3, SelectionPolicy.RoundRobin);
        var members = pool.Snapshot.Members;
        using var watching = _log.Watch();

        Assert.True(pool.TryAcquire(members[0]));
        pool.Pick(pool.Policy, 0, [members[0]]);
        pool.Pick(pool.Policy, 0, [members[0], members[1]]);
        var alone = Pool(1, SelectionPolicy.Random);
        alone.Pick(alone.Policy, 0);

        Assert.Equal(
            ["the client's own, by affinity", "its turn among 2, after 1 that failed", "the only one left, after 2 that failed", "the only one that can be picked"],
            _log.After(0).Select(pick => pick.Reason));
    }

    [Fact]
    public void A_pool_that_panics_says_so()
    {
        var pool = Pool(3, SelectionPolicy.RoundRobin);
        pool.SetHealth(pool.Snapshot.Members[0], healthy: false, "");
        pool.SetHealth(pool.Snapshot.Members[1], healthy: false, "");
        using var watching = _log.Watch();

        pool.Pick(pool.Policy, 0);

        Assert.Equal("its turn among 3; the pool panics, so unhealthy ones are used", Assert.Single(_log.After(0)).Reason);
    }

    [Fact]
    public void The_newest_are_kept_in_order_and_read_from_where_one_was()
    {
        var pool = Pool(2, SelectionPolicy.RoundRobin);
        using var watching = _log.Watch();
        for (var i = 0; i < PickLog.Capacity + 10; i++)
        {
            pool.Pick(pool.Policy, 0);
        }

        Assert.Equal(Enumerable.Range(11, PickLog.Capacity).Select(number => (long)number), _log.After(0).Select(pick => pick.Number));
        Assert.Equal([PickLog.Capacity + 9L, PickLog.Capacity + 10L], _log.After(0, most: 2).Select(pick => pick.Number));
        Assert.Equal([PickLog.Capacity + 10L], _log.After(PickLog.Capacity + 9).Select(pick => pick.Number));
    }

    [Fact]
    public void Many_at_once_lose_none_of_the_newest()
    {
        var pool = Pool(4, SelectionPolicy.RoundRobin);
        using var watching = _log.Watch();
        var seen = new ConcurrentBag<PickStatistics>();

        Parallel.For(0, 4, _ =>
        {
            for (var i = 0; i < PickLog.Capacity / 4; i++)
            {
                pool.Pick(pool.Policy, 0);
                foreach (var pick in _log.After(0, most: 3))
                {
                    seen.Add(pick);
                }
            }
        });

        Assert.Equal(PickLog.Capacity, _log.After(0).Count);
        Assert.All(seen, pick => Assert.NotEmpty(pick.Reason));
    }

    [Fact]
    public void A_pick_that_nobody_watches_allocates_nothing()
    {
        var pool = Pool(3, SelectionPolicy.RoundRobin);
        for (var i = 0; i < 100; i++)
        {
            pool.Release(pool.Pick(pool.Policy, 0)!);
        }

        var least = long.MaxValue;
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                pool.Release(pool.Pick(pool.Policy, 0)!);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private BackendPool Pool(int count, SelectionPolicy policy)
    {
        var pool = new BackendPool("catalog", "http://catalog", Some.WithoutChecks with { Policy = policy }, NullLogger.Instance, picks: _log);
        pool.SetMembers(Some.Addresses([.. Enumerable.Range(0, count)]));
        return pool;
    }
}
