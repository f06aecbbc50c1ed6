using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// The one with the lower cost of two different backends that are drawn at random, as often as their weights say. The
/// cost is the latency, which follows peaks at once, times what would be under way, for its weight. One that was never
/// measured is asked once, and costs more than any other until it has answered. O(1).
/// Source: Peak EWMA of Twitter's Finagle; the two choices are Mitzenmacher's, IEEE TPDS 12(10), 2001.
/// </summary>
public sealed class PeakEwmaPolicy : ISelectionPolicy
{
    // Milliseconds: more than any latency times any load. Of two that have not answered yet the less loaded is better.
    private const double Unmeasured = 1e15;

    private readonly Random _random;

    /// <summary>Creates the policy.</summary>
    public PeakEwmaPolicy()
        : this(Random.Shared)
    {
    }

    internal PeakEwmaPolicy(Random random) => _random = random;

    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.PeakEwma;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request)
    {
        if (candidates.Count == 1)
        {
            return candidates[0];
        }

        var first = candidates.Aliases.Draw(_random.NextDouble());
        var second = candidates.Aliases.Draw(_random.NextDouble());
        if (second == first)
        {
            second = (first + 1 + _random.Next(candidates.Count - 1)) % candidates.Count;
        }

        var (one, other) = (candidates[first], candidates[second]);
        var now = one.Latency.Now;
        // One that cannot be used is no choice, however quick it is.
        return request.CanUse(other)
            && (CostOf(other, now) * LoadComparison.WeightOf(one) < CostOf(one, now) * LoadComparison.WeightOf(other) || !request.CanUse(one)) ? other : one;
    }

    private static double CostOf(Backend backend, uint now)
    {
        var active = backend.Active;
        var latency = backend.Latency.At(now);
        return (latency == 0 && active > 0 ? Unmeasured : latency) * (active + 1);
    }
}
