using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer7.Affinity;

/// <summary>Counts what affinity did.</summary>
internal sealed class SessionCounts
{
    private readonly long[] _counts = new long[Enum.GetValues<AffinityState>().Length];

    public void Record(AffinityState state) => Interlocked.Increment(ref _counts[(int)state]);

    public void ResetStatistics() => Array.Clear(_counts);

    public SessionStatistics GetStatistics(int? remembered) =>
        new(Of(AffinityState.New), Of(AffinityState.Kept), Of(AffinityState.Repicked), Of(AffinityState.Refused), remembered);

    private long Of(AffinityState state) => Volatile.Read(ref _counts[(int)state]);
}
