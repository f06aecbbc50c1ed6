using System.Diagnostics.Metrics;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Server;

/// <summary>The process's own instruments. See docs/telemetry.md for their meaning.</summary>
internal static class ServerTelemetry
{
    private static readonly Counter<long> Reloads =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.configuration.reloads", "{reload}", "Changes of the configuration, by what came of them.");

    public static void RecordReload(bool isApplied) =>
        Reloads.Add(1, new KeyValuePair<string, object?>(LoadBalancerTelemetry.ResultKey, isApplied ? "applied" : "rejected"));
}
