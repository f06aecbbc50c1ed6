using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Layer7.Faults;

/// <summary>The faults of a route, which outlive its configuration.</summary>
internal sealed class RouteFaults
{
    private volatile FaultOptions? _inForce;
    private long _count;

    /// <summary>The faults; null for none.</summary>
    public FaultOptions? InForce
    {
        get => _inForce;
        set => _inForce = value is { IsNone: false } ? value : null;
    }

    /// <summary>Requests that a fault acted on.</summary>
    public long Count => Volatile.Read(ref _count);

    public void ResetStatistics() => Volatile.Write(ref _count, 0);

    public void Record(string route)
    {
        Interlocked.Increment(ref _count);
        Layer7Telemetry.Faults.Add(1, Layer7Telemetry.Route(route));
    }
}
