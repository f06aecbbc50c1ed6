using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// The less loaded of two different backends drawn at random. O(1).
/// Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001.
/// </summary>
public sealed class PowerOfTwoChoicesPolicy : ISelectionPolicy
{
    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.PowerOfTwoChoices;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request)
    {
        if (candidates.Count == 1)
        {
            return candidates[0];
        }

        var first = Random.Shared.Next(candidates.Count);
        var second = Random.Shared.Next(candidates.Count - 1);
        if (second >= first)
        {
            second++;
        }

        var (one, other) = (candidates[first], candidates[second]);
        // One that cannot be used is no choice, however idle it is.
        return request.CanUse(other) && (LoadComparison.Compare(other, one) < 0 || !request.CanUse(one)) ? other : one;
    }
}
