using System.Diagnostics.Metrics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;

namespace LoadBalancer.Layer7;

/// <summary>Layer 7's own instruments. See docs/telemetry.md for their meaning.</summary>
internal static class Layer7Telemetry
{
    public static readonly Counter<long> RefusedRetries =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.retry.refused", "{attempt}", "Retries and hedges that the budget did not allow, by route.");

    public static readonly Counter<long> Hedges =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.hedges", "{attempt}", "Requests sent to a further backend because the first was slow, by route.");

    public static readonly Counter<long> Timeouts =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.timeouts", "{timeout}", "Time-outs that ran out, by route and kind.");

    public static readonly Counter<long> Mirrored =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.mirrored", "{request}", "Copies of requests, by route and what became of them.");

    public static readonly Counter<long> Faults =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.faults", "{request}", "Requests that a fault acted on, by route.");

    /// <summary>Bytes that clients got from memory.</summary>
    public static readonly Counter<long> CacheBytes =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.cache.io", "By", "Bytes of bodies that the cache answered with, by route.");

    private static readonly Counter<long> Requests =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.requests", "{request}", "Requests that ended, by route, pool and class of the status.");

    // HTTP's usual boundaries, and two below them: a balancer's own answers take less than 5 ms.
    private static readonly Histogram<double> Duration = LoadBalancerTelemetry.Meter.CreateHistogram(
        "lb.request.duration", "s", "Time from a request to the end of its answer, by route, pool and class of the status.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] });

    private static readonly Counter<long> Refused =
        LoadBalancerTelemetry.Meter.CreateCounter<long>("lb.request.refused", "{request}", "Requests that the balancer answered by itself with an error, by route and reason.");

    /// <summary>Whether somebody wants to know what becomes of each request.</summary>
    public static bool IsHeard => LoadBalancerTelemetry.Source.HasListeners() || IsMeasured;

    /// <summary>Whether somebody collects figures.</summary>
    public static bool IsMeasured => Duration.Enabled || Requests.Enabled;

    /// <summary>Counts a request that has ended.</summary>
    /// <param name="request">What the balancer knows of it; null when no route matched.</param>
    /// <param name="status">Its status.</param>
    /// <param name="elapsed">Time that it took.</param>
    public static void RecordRequest(BalancedRequest? request, int status, TimeSpan elapsed)
    {
        if (!IsMeasured)
        {
            return;
        }

        var statusClass = new KeyValuePair<string, object?>(LoadBalancerTelemetry.StatusClassKey, ClassOf(status));
        if (request is null)
        {
            Requests.Add(1, statusClass);
            Duration.Record(elapsed.TotalSeconds, statusClass);
            return;
        }

        var (route, pool) = (Route(request.Route.Name), new KeyValuePair<string, object?>(LoadBalancerTelemetry.PoolKey, request.Pool.Name));
        Requests.Add(1, route, pool, statusClass);
        Duration.Record(elapsed.TotalSeconds, route, pool, statusClass);
    }

    /// <summary>Counts an error that is the balancer's own answer.</summary>
    public static void RecordRefused(string? route, Refusal refusal)
    {
        if (Refused.Enabled)
        {
            var reason = Reason(refusal);
            if (route is null)
            {
                Refused.Add(1, reason);
            }
            else
            {
                Refused.Add(1, Route(route), reason);
            }
        }
    }

    public static KeyValuePair<string, object?> Route(string route) => new(LoadBalancerTelemetry.RouteKey, route);

    public static KeyValuePair<string, object?> Reason<T>(T reason)
        where T : struct, Enum => new(LoadBalancerTelemetry.ReasonKey, reason.ToString());

    private static string ClassOf(int status) => (status / 100) switch
    {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
}
