using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>Drawn at random, as often as its weight says. O(1).</summary>
public sealed class RandomPolicy : ISelectionPolicy
{
    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.Random;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request) => candidates[candidates.Aliases.Draw(Random.Shared.NextDouble())];
}
