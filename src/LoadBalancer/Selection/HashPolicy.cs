using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// The same backend for the same key, by Maglev's table. O(1). One that cannot be used is replaced by a second choice
/// that is the same each time as well.
/// Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016.
/// </summary>
/// <param name="kind"><see cref="SelectionPolicy.SourceHash"/> or <see cref="SelectionPolicy.ConsistentHash"/>: what the key is, the layers decide.</param>
public sealed class HashPolicy(SelectionPolicy kind) : ISelectionPolicy
{
    /// <inheritdoc/>
    public SelectionPolicy Kind => kind;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request) => candidates[candidates.Hashes.Find(request.Key, request.Attempt)];
}
