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
    public Backend Pick(ReadOnlySpan<Backend> candidates, ulong clientHash)
    {
        // Each pick starts its search one further, or the first backend would win every tie of an idle pool.
        var start = (int)(Interlocked.Increment(ref _start) % (uint)candidates.Length);
        var best = candidates[start];
        for (var i = 1; i < candidates.Length; i++)
        {
            var index = start + i;
            var candidate = candidates[index < candidates.Length ? index : index - candidates.Length];
            if (LoadComparison.IsLessLoaded(candidate, best))
            {
                best = candidate;
            }
        }

        return best;
    }
}
