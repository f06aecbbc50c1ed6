using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>Each backend in turn. O(1).</summary>
public sealed class RoundRobinPolicy : ISelectionPolicy
{
    private uint _turn = uint.MaxValue;

    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.RoundRobin;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request) =>
        candidates[(int)(Interlocked.Increment(ref _turn) % (uint)candidates.Count)];
}
