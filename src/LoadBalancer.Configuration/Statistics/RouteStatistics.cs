namespace LoadBalancer.Configuration.Statistics;

/// <summary>A route.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Path">Its path template; null for every path.</param>
/// <param name="Pool">The pool that gets its requests.</param>
/// <param name="Policy">The policy in force.</param>
/// <param name="Requests">Requests it matched.</param>
/// <param name="Forwarded">Requests that were sent to a backend.</param>
/// <param name="CacheHits">Requests that were answered from the cache.</param>
/// <param name="Failed">Requests without a backend's answer: none healthy, or forwarding failed.</param>
/// <param name="Limits">What its limits do; null when it has none.</param>
public sealed record RouteStatistics(
    string Name,
    string? Path,
    string Pool,
    SelectionPolicy Policy,
    long Requests,
    long Forwarded,
    long CacheHits,
    long Failed,
    RouteLimitStatistics? Limits);
