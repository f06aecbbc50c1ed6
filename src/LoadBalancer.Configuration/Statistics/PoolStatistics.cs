using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Configuration.Statistics;

/// <summary>A pool.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Service">The name that discovery resolves.</param>
/// <param name="Policy">Its policy.</param>
/// <param name="Healthy">Backends that can be picked.</param>
/// <param name="IsPanicking">Whether so many are unhealthy that all are used.</param>
/// <param name="Tier">The priority of the backends in use; null when there are none.</param>
/// <param name="Active">Connections and requests its backends have now.</param>
/// <param name="Capacity">Connections and requests its usable backends may have: the sum of their limits; null when one has no limit.</param>
/// <param name="Queued">Connections and requests that wait for a backend.</param>
/// <param name="Faults">Faults in force at every backend; null for none.</param>
/// <param name="Backends">Its backends, those that drain included.</param>
public sealed record PoolStatistics(
    string Name,
    string Service,
    SelectionPolicy Policy,
    int Healthy,
    bool IsPanicking,
    int? Tier,
    int Active,
    long? Capacity,
    int Queued,
    FaultOptions? Faults,
    IReadOnlyList<BackendStatistics> Backends);
