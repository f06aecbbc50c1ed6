using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Forwarding;

namespace LoadBalancer.Layer7.Limits;

/// <summary>The limits of a route that has any. What a reload leaves as it was keeps what it has counted.</summary>
internal sealed class RouteLimits
{
    private readonly Counts _counts;

    private RouteLimits(string route, RouteOptions options, RouteLimits? before)
    {
        _counts = before?._counts ?? new Counts();
        Route = route;
        MaxBodySize = options.MaxRequestBodySize;
        if (options.RateLimit is { } rate)
        {
            Rate = before?.Rate is { } running && running.IsFor(rate) ? running : new RateLimit(rate, TimeProvider.System);
        }

        if (options.Concurrency is { } concurrency)
        {
            Gate = before?.Gate ?? new RequestGate(concurrency, TimeProvider.System);
            Gate.Apply(concurrency);
        }
    }

    public string Route { get; }

    public RateLimit? Rate { get; }

    public RequestGate? Gate { get; }

    public long? MaxBodySize { get; }

    /// <summary>The limits of a route; null when it has none.</summary>
    public static RouteLimits? Of(string route, RouteOptions options, RouteLimits? before) =>
        options is { RateLimit: null, Concurrency: null, MaxRequestBodySize: null } ? null : new(route, options, before);

    /// <summary>Counts a request that a limit refused.</summary>
    public void Record(Refusal refusal) => Interlocked.Increment(ref _counts.Of(refusal));

    public void ResetStatistics()
    {
        Volatile.Write(ref _counts.RateLimited, 0);
        Volatile.Write(ref _counts.AtCapacity, 0);
        Volatile.Write(ref _counts.TooLarge, 0);
    }

    public RouteLimitStatistics GetStatistics() => new(
        Volatile.Read(ref _counts.RateLimited),
        Volatile.Read(ref _counts.AtCapacity),
        Volatile.Read(ref _counts.TooLarge),
        Gate?.Active ?? 0,
        Gate?.Queued ?? 0);

    private sealed class Counts
    {
        public long RateLimited;
        public long AtCapacity;
        public long TooLarge;

        public ref long Of(Refusal refusal)
        {
            switch (refusal)
            {
                case Refusal.RateLimited:
                    return ref RateLimited;
                case Refusal.BodyTooLarge:
                    return ref TooLarge;
                default:
                    return ref AtCapacity;
            }
        }
    }
}
