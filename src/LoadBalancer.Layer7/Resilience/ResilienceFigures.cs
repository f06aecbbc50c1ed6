using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>What a route did about slow and failing backends.</summary>
internal sealed class ResilienceFigures(string route)
{
    private static readonly RouteTimeout[] Kinds = Enum.GetValues<RouteTimeout>();

    private readonly long[] _timeouts = new long[Kinds.Length];
    private long _retries;
    private long _retriesRefused;
    private long _hedges;
    private long _hedgesWon;

    public void RecordRetry()
    {
        Interlocked.Increment(ref _retries);
        Instruments.RecordRetry(LoadBalancerTelemetry.RouteKey, route);
    }

    public void RecordRefusedRetry()
    {
        Interlocked.Increment(ref _retriesRefused);
        Layer7Telemetry.RefusedRetries.Add(1, Layer7Telemetry.Route(route));
    }

    public void RecordHedge()
    {
        Interlocked.Increment(ref _hedges);
        Layer7Telemetry.Hedges.Add(1, Layer7Telemetry.Route(route));
    }

    public void RecordHedgeWon() => Interlocked.Increment(ref _hedgesWon);

    public void RecordTimeout(RouteTimeout kind)
    {
        Interlocked.Increment(ref _timeouts[(int)kind]);
        Layer7Telemetry.Timeouts.Add(1, Layer7Telemetry.Route(route), Layer7Telemetry.Reason(kind));
    }

    public void ResetStatistics()
    {
        Volatile.Write(ref _retries, 0);
        Volatile.Write(ref _retriesRefused, 0);
        Volatile.Write(ref _hedges, 0);
        Volatile.Write(ref _hedgesWon, 0);
        Array.Clear(_timeouts);
    }

    public ResilienceStatistics GetStatistics() => new(
        Volatile.Read(ref _retries),
        Volatile.Read(ref _retriesRefused),
        Volatile.Read(ref _hedges),
        Volatile.Read(ref _hedgesWon),
        Kinds.ToDictionary(kind => kind.ToString(), kind => Volatile.Read(ref _timeouts[(int)kind])));
}
