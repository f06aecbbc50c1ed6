using System.Diagnostics.Metrics;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer7;

/// <summary>Layer 7's own instruments. See docs/telemetry.md for their meaning.</summary>
internal static class Layer7Telemetry
{
    public static readonly Counter<long> Retries =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.retries", "{attempt}", "Further attempts of requests, by route.");

    public static readonly Counter<long> RefusedRetries =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.retries.refused", "{attempt}", "Retries and hedges that the budget did not allow, by route.");

    public static readonly Counter<long> Hedges =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.hedges", "{attempt}", "Requests sent to a further backend because the first was slow, by route.");

    public static readonly Counter<long> Timeouts =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.timeouts", "{timeout}", "Time-outs that ran out, by route and kind.");

    public static readonly Counter<long> Mirrored =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.mirrored", "{request}", "Copies of requests, by route and what became of them.");

    public static readonly Counter<long> Faults =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.faults", "{request}", "Requests that a fault acted on, by route.");

    public static KeyValuePair<string, object?> Route(string route) => new(LoadBalancerTelemetry.RouteKey, route);

    public static KeyValuePair<string, object?> Reason<T>(T reason)
        where T : struct, Enum => new(LoadBalancerTelemetry.ReasonKey, reason.ToString());
}
