namespace LoadBalancer.Layer7.Tests;

internal static class Allocations
{
    /// <summary>Bytes that 1,000 runs of an action allocate: the least of three, since a path that is seldom taken may make what is made once a thread.</summary>
    public static long Of(Action action) => Enumerable.Range(0, 3).Min(_ => OfMany(action));

    private static long OfMany(Action action)
    {
        for (var i = 0; i < 100; i++)
        {
            action();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            action();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
