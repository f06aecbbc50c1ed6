using LoadBalancer.Configuration.Commands;

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
/// <param name="Resilience">What it did about slow and failing backends.</param>
/// <param name="Split">Its pools and their shares, its own first; empty where it has one pool.</param>
/// <param name="Mirror">Its copies to another pool; null for none.</param>
/// <param name="Faults">Faults in force at it; null for none.</param>
/// <param name="Faulted">Requests that a fault of it, its pool or a backend acted on.</param>
/// <param name="Sessions">Its sessions; null where it has no session affinity.</param>
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
    ResilienceStatistics Resilience,
    IReadOnlyList<SplitStatistics> Split,
    MirrorStatistics? Mirror,
    FaultOptions? Faults,
    long Faulted,
    SessionStatistics? Sessions,
    RouteLimitStatistics? Limits);
