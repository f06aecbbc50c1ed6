using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Diagnostics;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Selection;

/// <summary>In one collection with the tests that listen to the meter: a listener's own allocations would count here.</summary>
[Collection(MeterCollection.Name)]
public sealed class AllocationTests
{
    private static readonly int[] Sizes = [1, 5, 100];

    public static TheoryData<SelectionPolicy, int> Cases =>
        [.. from kind in Enum.GetValues<SelectionPolicy>() from size in Sizes select (kind, size)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pick_and_its_release_allocate_nothing(SelectionPolicy kind, int size)
    {
        var pool = Some.Pool(Some.Addresses([.. Enumerable.Range(0, size)]));
        var policy = SelectionPolicies.Create(kind);

        Assert.Equal(0, AllocatedBy(() => pool.Release(pool.Pick(policy, 42)!)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pick_of_another_backend_allocates_nothing(SelectionPolicy kind, int size)
    {
        var pool = Some.Pool(Some.Addresses([.. Enumerable.Range(0, size + 2)]));
        var policy = SelectionPolicies.Create(kind);
        var tried = new Backend[] { pool.Snapshot.Available[0], pool.Snapshot.Available[1] };

        Assert.Equal(0, AllocatedBy(() => pool.Release(pool.Pick(policy, 42, tried)!)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pick_among_full_backends_and_one_that_finds_none_allocate_nothing(SelectionPolicy kind, int size)
    {
        var pool = new BackendPool("p", "http://p", Some.WithoutChecks with { MaxConnections = 1 }, NullLogger.Instance);
        pool.SetMembers(Some.Addresses([.. Enumerable.Range(0, size)]));
        var policy = SelectionPolicies.Create(kind);
        for (var i = 1; i < size; i++)
        {
            Assert.NotNull(pool.Pick(policy, 42));
        }

        Assert.Equal(0, AllocatedBy(() =>
        {
            var last = pool.Pick(policy, 42)!;
            Assert.Null(pool.Pick(policy, 42));
            pool.Release(last);
        }));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pick_in_a_slow_start_allocates_nothing(SelectionPolicy kind, int size)
    {
        var time = new FakeTimeProvider();
        var pool = new BackendPool("p", "http://p", Some.WithoutChecks with { SlowStart = TimeSpan.FromMinutes(1) }, NullLogger.Instance, time);
        pool.SetMembers(Some.Addresses(0));
        pool.SetMembers(Some.Addresses([.. Enumerable.Range(0, size)]));
        time.Advance(TimeSpan.FromSeconds(30));
        var policy = SelectionPolicies.Create(kind);

        Assert.Equal(0, AllocatedBy(() => pool.Release(pool.Pick(policy, 42)!)));
    }

    // The least of three: a path that is seldom taken may be taken for the first time in one of them, and make what is
    // made once a thread. What every pick allocated would be in all.
    private static long AllocatedBy(Action action) => Enumerable.Range(0, 3).Min(_ => AllocatedByMany(action));

    private static long AllocatedByMany(Action action)
    {
        for (var i = 0; i < 100; i++)
        {
            action();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            action();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
