using LoadBalancer.Backends;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Tests.Selection;

/// <summary>The order of loads that LeastConnections keeps of many backends.</summary>
public sealed class TournamentTests
{
    private readonly LeastConnectionsPolicy _policy = new();

    [Theory]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(1_000)]
    public void An_idle_pool_is_used_evenly(int count)
    {
        var pool = Pool(count);

        for (var i = 0; i < count * 20; i++)
        {
            pool.Release(pool.Pick(_policy, 0)!);
        }

        Assert.All(pool.Snapshot.Members, backend => Assert.Equal(20, backend.Picks));
    }

    [Fact]
    public void Connections_that_stay_spread_by_weight()
    {
        var pool = Pool(50, slot => (slot % 5) + 1);

        for (var i = 0; i < 150 * 10; i++)
        {
            pool.Pick(_policy, 0);
        }

        Assert.All(pool.Snapshot.Members, backend => Assert.Equal(backend.Weight * 10, backend.Active));
    }

    [Fact]
    public void It_picks_what_a_search_would_find_at_any_time()
    {
        var random = new Random(1);
        var pool = Pool(77, slot => (slot % 3) + 1);
        var held = new List<Backend>();
        for (var i = 0; i < 20_000; i++)
        {
            if (held.Count > 0 && random.Next(100) < 48)
            {
                var index = random.Next(held.Count);
                pool.Release(held[index]);
                held.RemoveAt(index);
                continue;
            }

            var least = pool.Snapshot.Members.Min(LoadForWeight);
            var picked = pool.Snapshot.Candidates[pool.Snapshot.Candidates.LeastLoaded.Winner];
            Assert.Equal(least, LoadForWeight(picked), precision: 9);
            Assert.Same(picked, pool.Pick(_policy, 0));
            held.Add(picked);
        }
    }

    [Fact]
    public async Task After_many_threads_the_root_is_the_best_and_loads_stay_balanced_meanwhile()
    {
        var pool = Pool(100);
        for (var round = 0; round < 20; round++)
        {
            var kept = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => Task.Run(() =>
            {
                var random = new Random((round * 10) + number);
                var held = new List<Backend>();
                for (var i = 0; i < 5_000; i++)
                {
                    if (held.Count > 100 + random.Next(100))
                    {
                        var index = random.Next(held.Count);
                        pool.Release(held[index]);
                        held.RemoveAt(index);
                    }
                    else
                    {
                        held.Add(pool.Pick(_policy, 0)!);
                    }
                }

                return held;
            }, TestContext.Current.CancellationToken)));

            Assert.Equal(kept.Sum(held => held.Count), pool.Snapshot.Members.Sum(backend => backend.Active));
            var candidates = pool.Snapshot.Candidates;
            Assert.Equal(pool.Snapshot.Members.Min(backend => backend.Active), candidates[candidates.LeastLoaded.Winner].Active);

            // Releases at random spread the loads; picks alone never raise one far above the rest.
            foreach (var backend in kept.SelectMany(held => held))
            {
                pool.Release(backend);
            }

            Assert.Equal(0, candidates[candidates.LeastLoaded.Winner].Active);
        }
    }

    [Fact]
    public async Task Picks_of_many_threads_that_stay_are_balanced()
    {
        var pool = Pool(100);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 25_000; i++)
            {
                pool.Pick(_policy, 0);
            }
        }, TestContext.Current.CancellationToken)));

        // Four threads may see the same best one at the same moment, but no more than four.
        Assert.Equal(100_000, pool.Snapshot.Members.Sum(backend => backend.Active));
        Assert.All(pool.Snapshot.Members, backend => Assert.InRange(backend.Active, 990, 1_010));
    }

    [Fact]
    public async Task Sets_that_are_swapped_meanwhile_leave_the_root_right()
    {
        var pool = Pool(60);
        var swapping = true;
        var pickers = Enumerable.Range(0, 3).Select(number => Task.Run(() =>
        {
            var held = new Queue<Backend>();
            for (var i = 0; Volatile.Read(ref swapping) || i < 1_000; i++)
            {
                held.Enqueue(pool.Pick(_policy, 0)!);
                if (held.Count > 50)
                {
                    pool.Release(held.Dequeue());
                }
            }

            return held;
        }, TestContext.Current.CancellationToken)).ToArray();
        for (var swap = 0; swap < 500; swap++)
        {
            pool.SetMembers(Some.Addresses([.. Enumerable.Range(swap % 7, 50 + (swap % 11))]));
            AssertWinnerIsOfTheSet(pool);
        }

        Volatile.Write(ref swapping, false);
        var kept = await Task.WhenAll(pickers);

        var candidates = pool.Snapshot.Candidates;
        Assert.Equal(candidates.Backends.ToArray().Min(backend => backend.Active), candidates[candidates.LeastLoaded.Winner].Active);
        foreach (var backend in kept.SelectMany(held => held))
        {
            pool.Release(backend);
        }

        Assert.All(pool.Snapshot.Members, backend => Assert.Equal(0, backend.Active));
        Assert.Equal(pool.Snapshot.Available.Length, pool.Snapshot.Members.Length);
    }

    [Fact]
    public void Limits_and_weights_that_change_are_heeded()
    {
        var pool = Pool(40);
        for (var i = 0; i < 40; i++)
        {
            pool.Pick(_policy, 0);
        }

        pool.SetWeight(pool.Snapshot.Members[17], 200);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(pool.Snapshot.Members[17], pool.Pick(_policy, 0)));

        var limited = Some.WithoutChecks with { Backends = new() { ["limited"] = new() { Address = pool.Snapshot.Members[17].Id, MaxConnections = 5 } } };
        pool.Configure(limited);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.NotSame(pool.Snapshot.Members[17], pool.Pick(_policy, 0)));
    }

    private static void AssertWinnerIsOfTheSet(BackendPool pool)
    {
        var candidates = pool.Snapshot.Candidates;
        Assert.InRange(candidates.LeastLoaded.Winner, 0, candidates.Count - 1);
    }

    private static double LoadForWeight(Backend backend) => (backend.Active + 1.0) / backend.Weight;

    private static BackendPool Pool(int count, Func<int, int>? weight = null)
    {
        var options = Some.WithoutChecks with { Backends = [] };
        if (weight is not null)
        {
            for (var slot = 0; slot < count; slot++)
            {
                options.Backends[$"replica-{slot}"] = new() { Address = Some.Address(slot).ToString(), Weight = weight(slot) };
            }
        }

        var pool = new BackendPool("p", "http://p", options, NullLogger.Instance);
        pool.SetMembers(Some.Addresses([.. Enumerable.Range(0, count)]));
        return pool;
    }
}
