using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// The backend with the least load for its weight; of equals, each in turn. Few are looked through; of many the best
/// is kept, at O(log n) for each connection that begins or ends. A pick that must avoid some looks through all.
/// </summary>
public sealed class LeastConnectionsPolicy : ISelectionPolicy
{
    private uint _start = uint.MaxValue;

    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.LeastConnections;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request)
    {
        if (candidates.Count > Candidates.MostScanned && request is { Attempt: 0, Excluded.IsEmpty: true })
        {
            candidates.RefreshWarming();
            return candidates[candidates.LeastLoaded.Winner];
        }

        // Each pick starts its search one further, or the first backend would win every tie of an idle pool.
        var start = (int)(Interlocked.Increment(ref _start) % (uint)candidates.Count);
        var best = candidates[start];
        var isUsable = request.CanUse(best);
        for (var i = 1; i < candidates.Count; i++)
        {
            var index = start + i;
            var candidate = candidates[index < candidates.Count ? index : index - candidates.Count];
            if ((!isUsable || LoadComparison.Compare(candidate, best) < 0) && request.CanUse(candidate))
            {
                best = candidate;
                isUsable = true;
            }
        }

        return best;
    }
}
