using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>Compares load for weight without dividing.</summary>
internal static class LoadComparison
{
    private const double WholeShare = 1024;

    /// <summary>Whether <paramref name="left"/> would have less load for its weight than <paramref name="right"/> if it got the next connection.</summary>
    public static bool IsLessLoaded(Backend left, Backend right) =>
        (left.Active + 1L) * EffectiveWeight(right) < (right.Active + 1L) * EffectiveWeight(left);

    // A backend in its slow start has a part of its weight.
    private static long EffectiveWeight(Backend backend) =>
        backend.Weight * (backend.SlowStart is { } start ? (long)(start.Share * WholeShare) : (long)WholeShare);
}
