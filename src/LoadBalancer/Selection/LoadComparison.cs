using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>Compares load for weight without dividing.</summary>
internal static class LoadComparison
{
    private const double WholeShare = 1024;

    /// <summary>Compares what two backends would have for their weights if each got the next connection.</summary>
    /// <returns>Less than 0 when <paramref name="left"/> would have less.</returns>
    public static int Compare(Backend left, Backend right) =>
        ((left.Active + 1L) * WeightOf(right)).CompareTo((right.Active + 1L) * WeightOf(left));

    /// <summary>A backend's weight, of which one in its slow start has a part.</summary>
    public static long WeightOf(Backend backend) =>
        backend.Weight * (backend.SlowStart is { } start ? (long)(start.Share * WholeShare) : (long)WholeShare);
}
