namespace LoadBalancer.Configuration.Statistics;

/// <summary>What <c>GET /stats</c> answers.</summary>
/// <param name="Name">The balancer's name.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="StartedAt">When the process started, UTC.</param>
/// <param name="CountersSince">When counters began, UTC: with the process, or when all of them were reset by command.</param>
/// <param name="Configuration">The configuration in force.</param>
/// <param name="Pools">Pools and their backends.</param>
/// <param name="Layer4">Listeners and connections of Layer 4.</param>
/// <param name="Layer7">Listeners and routes of Layer 7.</param>
public sealed record BalancerStatistics(
    string Name,
    int ProcessId,
    DateTimeOffset StartedAt,
    DateTimeOffset CountersSince,
    ConfigurationStatistics Configuration,
    IReadOnlyList<PoolStatistics> Pools,
    Layer4Statistics Layer4,
    Layer7Statistics Layer7);
