using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Diagnostics;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

/// <summary>In one collection with the tests that listen to the meter: a listener's own allocations would count here.</summary>
[Collection(MeterCollection.Name)]
public sealed class AllocationTests
{
    public static TheoryData<SelectionPolicy> Kinds => [.. Enum.GetValues<SelectionPolicy>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_pick_and_its_release_allocate_nothing(SelectionPolicy kind)
    {
        var pool = Some.Pool(Some.Addresses(0, 1, 2, 3, 4));
        var policy = SelectionPolicies.Create(kind);

        Assert.Equal(0, AllocatedBy(() => pool.Release(pool.Pick(policy, 42)!)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_pick_of_another_backend_allocates_nothing(SelectionPolicy kind)
    {
        var pool = Some.Pool(Some.Addresses(0, 1, 2, 3, 4));
        var policy = SelectionPolicies.Create(kind);
        var tried = new Backend[] { pool.Snapshot.Available[0], pool.Snapshot.Available[1] };

        Assert.Equal(0, AllocatedBy(() => pool.Release(pool.Pick(policy, 42, tried)!)));
    }

    private static long AllocatedBy(Action action)
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
