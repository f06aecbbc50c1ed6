using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// Each backend in turn, as often as its weight says, the turns of a heavy one spread out. O(1): the turns are written
/// down when the backends change.
/// Source: "Upstream: smooth weighted round-robin balancing", nginx 1.3.1, 2012.
/// </summary>
public sealed class WeightedRoundRobinPolicy : ISelectionPolicy
{
    private uint _turn = uint.MaxValue;

    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.WeightedRoundRobin;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request) => candidates[candidates.Turns[Interlocked.Increment(ref _turn)]];
}
