namespace LoadBalancer.Layer7.Shaping;

/// <summary>Requests that a split gave to a pool, whatever its share was meanwhile.</summary>
internal sealed class SplitCounter
{
    private long _requests;

    public long Requests => Volatile.Read(ref _requests);

    public void ResetStatistics() => Volatile.Write(ref _requests, 0);

    public void Record() => Interlocked.Increment(ref _requests);
}
