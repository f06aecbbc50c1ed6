namespace LoadBalancer.Configuration.Statistics;

/// <summary>A backend.</summary>
/// <param name="Name">Its name: the replica's, or the address.</param>
/// <param name="Address">Where it is.</param>
/// <param name="State">Whether it can be picked.</param>
/// <param name="Weight">Its share of the work.</param>
/// <param name="Active">Connections and requests it has now.</param>
/// <param name="Picks">Times it was picked.</param>
/// <param name="Failures">Connections and requests that failed at it.</param>
/// <param name="LastError">Why its newest health check failed; null when it passed.</param>
public sealed record BackendStatistics(
    string Name,
    string Address,
    BackendState State,
    int Weight,
    int Active,
    long Picks,
    long Failures,
    string? LastError);
