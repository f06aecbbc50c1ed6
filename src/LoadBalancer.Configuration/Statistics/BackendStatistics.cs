using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Configuration.Statistics;

/// <summary>A backend.</summary>
/// <param name="Name">Its name: the replica's, or the address.</param>
/// <param name="Address">Where it is.</param>
/// <param name="State">Whether it can be picked.</param>
/// <param name="Reason">Why it is in this state: the change that led to it.</param>
/// <param name="Weight">Its share of the work.</param>
/// <param name="Priority">Its tier.</param>
/// <param name="MaxConnections">Most connections and requests it may have at a time; null for no limit.</param>
/// <param name="Active">Connections and requests it has now.</param>
/// <param name="Picks">Times it was picked.</param>
/// <param name="Failures">Connections and requests that failed at it.</param>
/// <param name="Ejections">Times it was ejected.</param>
/// <param name="EjectedUntil">When its ejection ends, UTC; null when it is not ejected.</param>
/// <param name="LastError">Why its newest health check failed; null when it passed.</param>
/// <param name="Faults">Faults in force at it alone; null for none.</param>
/// <param name="LatencyMilliseconds">
/// How long it takes to answer (Layer 4: to be connected), a moving average that follows peaks at once, as of its newest
/// answer; a failure counts as at least 1 s. Null while there was none.
/// </param>
public sealed record BackendStatistics(
    string Name,
    string Address,
    BackendState State,
    string? Reason,
    int Weight,
    int Priority,
    int? MaxConnections,
    int Active,
    long Picks,
    long Failures,
    long Ejections,
    DateTimeOffset? EjectedUntil,
    string? LastError,
    FaultOptions? Faults,
    double? LatencyMilliseconds);
