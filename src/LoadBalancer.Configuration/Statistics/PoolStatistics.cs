namespace LoadBalancer.Configuration.Statistics;

/// <summary>A pool.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Service">The name that discovery resolves.</param>
/// <param name="Policy">Its policy.</param>
/// <param name="Healthy">Backends that can be picked.</param>
/// <param name="Backends">Its backends, those that drain included.</param>
public sealed record PoolStatistics(
    string Name,
    string Service,
    SelectionPolicy Policy,
    int Healthy,
    IReadOnlyList<BackendStatistics> Backends);
