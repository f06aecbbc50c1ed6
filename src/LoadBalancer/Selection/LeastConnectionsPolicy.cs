using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>The backend with the least load for its weight. O(n).</summary>
public sealed class LeastConnectionsPolicy : ISelectionPolicy
{
    private uint _start = uint.MaxValue;

    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.LeastConnections;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request)
    {
        // Each pick starts its search one further, or the first backend would win every tie of an idle pool.
        var start = (int)(Interlocked.Increment(ref _start) % (uint)candidates.Count);
        var best = candidates[start];
        for (var i = 1; i < candidates.Count; i++)
        {
            var index = start + i;
            var candidate = candidates[index < candidates.Count ? index : index - candidates.Count];
            if (LoadComparison.IsLessLoaded(candidate, best))
            {
                best = candidate;
            }
        }

        return best;
    }
}
