using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>Compares load for weight without dividing.</summary>
internal static class LoadComparison
{
    /// <summary>Whether <paramref name="left"/> would have less load for its weight than <paramref name="right"/> if it got the next connection.</summary>
    public static bool IsLessLoaded(Backend left, Backend right) =>
        (left.Active + 1L) * right.Weight < (right.Active + 1L) * left.Weight;
}
