using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Tests.Selection;

/// <summary>What holds for every policy.</summary>
public sealed class SelectionPolicyTests
{
    public static TheoryData<SelectionPolicy> Kinds => [.. Enum.GetValues<SelectionPolicy>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_policy_is_made_by_its_name_and_has_state_of_its_own(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);

        Assert.Equal(kind, policy.Kind);
        Assert.NotSame(policy, SelectionPolicies.Create(kind));
    }

    [Fact]
    public void A_policy_that_does_not_exist_is_refused_with_those_that_do()
    {
        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => SelectionPolicies.Create((SelectionPolicy)99));
        Assert.Contains(string.Join(", ", Enum.GetNames<SelectionPolicy>()), exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_backend_is_picked_always(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);
        var backends = Some.Backends(1);
        backends[0].Busy(1000);

        var candidates = backends.Candidates();

        Assert.All(Enumerable.Range(0, 100), i => Assert.Same(backends[0], policy.Pick(candidates, (ulong)i)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_backend_is_picked_by_some_client_save_where_the_first_has_room(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);
        var candidates = Some.Backends(10).Candidates();

        var counts = Enumerable.Range(0, 1_000).Select(i => policy.Pick(candidates, (ulong)i)).Counts();

        Assert.Equal(kind == SelectionPolicy.First ? 1 : 10, counts.Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Picks_of_many_threads_from_sets_of_every_size_stay_within_the_set(SelectionPolicy kind)
    {
        var policy = SelectionPolicies.Create(kind);
        var backends = Some.Backends(60);
        Candidates[] sets = [.. from start in Enumerable.Range(0, 5) from size in new[] { 1, 2, 7, 33, 55 } select backends[start..(start + size)].Candidates(251)];

        Parallel.For(0, 50_000, i =>
        {
            var candidates = sets[i % sets.Length];
            var picked = policy.Pick(candidates, (ulong)i);
            if (!candidates.Backends.Contains(picked))
            {
                Assert.Fail($"{picked} is none of the {candidates.Count} candidates.");
            }

            picked.TryAcquire();
            picked.Release();
        });

        Assert.All(backends, backend => Assert.Equal(0, backend.Active));
        Assert.Equal(50_000, backends.Sum(backend => backend.Picks));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_backend_that_is_full_is_passed_over_for_any_other(SelectionPolicy kind)
    {
        foreach (var size in new[] { 2, 5, 100 })
        {
            var pool = new BackendPool("p", "http://p", Some.WithoutChecks with { MaxConnections = 1 }, NullLogger.Instance);
            pool.SetMembers(Some.Addresses([.. Enumerable.Range(0, size)]));
            var policy = SelectionPolicies.Create(kind);

            var picked = Enumerable.Range(0, size).Select(_ => pool.Pick(policy, 7)).ToHashSet();

            Assert.Equal(size, picked.Count);
            Assert.DoesNotContain(null, picked);
            Assert.Null(pool.Pick(policy, 7));
            var freed = pool.Snapshot.Members[size / 2];
            pool.Release(freed);
            Assert.Same(freed, pool.Pick(policy, 7));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_backend_that_was_tried_is_passed_over_for_any_other(SelectionPolicy kind)
    {
        foreach (var size in new[] { 2, 5, 100 })
        {
            var pool = Some.Pool(Some.Addresses([.. Enumerable.Range(0, size)]));
            var policy = SelectionPolicies.Create(kind);
            var tried = new List<Backend>();
            while (pool.Pick(policy, 7, [.. tried]) is { } picked)
            {
                Assert.DoesNotContain(picked, tried);
                tried.Add(picked);
            }

            Assert.Equal(size, tried.Count);
        }
    }

    [Theory]
    [InlineData(SelectionPolicy.RoundRobin)]
    [InlineData(SelectionPolicy.LeastConnections)]
    [InlineData(SelectionPolicy.WeightedRoundRobin)]
    public void The_work_of_one_that_was_tried_is_shared_by_the_others(SelectionPolicy kind)
    {
        var pool = Some.Pool(Some.Addresses(0, 1, 2, 3, 4));
        var policy = SelectionPolicies.Create(kind);
        Backend[] tried = [pool.Snapshot.Members[2]];

        for (var i = 0; i < 4_000; i++)
        {
            pool.Release(pool.Pick(policy, 7, tried)!);
        }

        Assert.Equal(0, tried[0].Picks);
        // Round robin hands a turn of the one that was tried to the one after it.
        Assert.All(pool.Snapshot.Members.Except(tried), backend => Assert.InRange(backend.Picks, 750, 2_100));
    }

    [Fact]
    public void A_set_that_takes_the_place_of_another_is_born_with_the_tables_that_were_used()
    {
        var first = Some.Backends(40).Candidates();
        foreach (var kind in Enum.GetValues<SelectionPolicy>())
        {
            SelectionPolicies.Create(kind).Pick(first);
        }

        var none = new Candidates([], 65_537, first);
        var second = new Candidates(Some.Backends(41), 65_537, none);
        var unused = new Candidates(Some.Backends(42), 65_537, second);

        Assert.Equal(5, first.TablesMade);
        Assert.Equal(5, second.TablesMade);
        // Nobody picked from the second.
        Assert.Equal(0, unused.TablesMade);
        Assert.Equal(0, Some.Backends(40).Candidates().TablesMade);
    }
}
