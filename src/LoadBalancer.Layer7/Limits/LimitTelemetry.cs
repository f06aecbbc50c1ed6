using System.Diagnostics.Metrics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;

namespace LoadBalancer.Layer7.Limits;

/// <summary>What metrics tell of limits.</summary>
internal static class LimitTelemetry
{
    private static readonly Counter<long> Limited =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.requests.limited", "{request}", "Requests that a limit of their route refused, by route and reason.");

    public static void RecordLimited(string route, Refusal refusal)
    {
        if (Limited.Enabled)
        {
            Limited.Add(1, new(LoadBalancerTelemetry.RouteKey, route), new(LoadBalancerTelemetry.ReasonKey, refusal.ToString()));
        }
    }
}
