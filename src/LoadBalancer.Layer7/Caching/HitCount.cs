namespace LoadBalancer.Layer7.Caching;

/// <summary>How often a stored answer was used.</summary>
internal sealed class HitCount
{
    private long _value;

    public long Value => Volatile.Read(ref _value);

    public void Add() => Interlocked.Increment(ref _value);
}
