using LoadBalancer.Backends;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>
/// Keeps retries from making an overload worse: a route may spend so many percent of its newest requests on them, and a
/// few in any case (Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013; the form is Finagle's RetryBudget).
/// </summary>
internal sealed class RetryBudget(TimeProvider time)
{
    /// <summary>Retries that a quiet route has within the window.</summary>
    public const int Minimum = 3;

    /// <summary>The time over which requests and retries are counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _taking = new();
    private readonly RollingCounts _counts = new(Window, time);

    /// <summary>Counts a request, whatever becomes of it.</summary>
    public void RecordRequest() => _counts.Add(1, 0);

    /// <summary>Takes a retry from the budget.</summary>
    /// <param name="percent">The budget, in percent of the requests.</param>
    /// <returns>False when nothing is left of it.</returns>
    public bool TryTake(int percent)
    {
        lock (_taking)
        {
            var (requests, retries) = _counts.Read();
            if (retries >= Minimum && (retries + 1) * 100 > percent * requests)
            {
                return false;
            }

            _counts.Add(0, 1);
            return true;
        }
    }

    /// <summary>Gives back what was taken for nothing.</summary>
    public void GiveBack() => _counts.Add(0, -1);
}
