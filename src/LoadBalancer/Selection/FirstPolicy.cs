using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>
/// The first backend in the order of discovery that has room: the others are spare. O(1) for a pick whose first choice
/// can be used; of many backends, the first that has room is kept, at O(log n) for each that fills up or frees up. A
/// pick that must avoid some, or meets a backend in its slow start, looks further one by one.
/// </summary>
public sealed class FirstPolicy : ISelectionPolicy
{
    /// <inheritdoc/>
    public SelectionPolicy Kind => SelectionPolicy.First;

    /// <inheritdoc/>
    public Backend Pick(Candidates candidates, in PickRequest request)
    {
        // After a pick that failed, what is kept may have been the reason.
        var first = candidates.Count > Candidates.MostScanned && request.Attempt == 0 ? candidates.FirstFree.Winner : 0;
        Backend? second = null;
        for (var i = first; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            if (!request.CanUse(candidate))
            {
                continue;
            }

            // A backend in its slow start leaves to the next one what is above its share.
            if (candidate.SlowStart is not { } start || Random.Shared.NextDouble() < start.Share)
            {
                return candidate;
            }

            second ??= candidate;
        }

        return second ?? candidates[first];
    }
}
