namespace LoadBalancer.Configuration.Statistics;

/// <summary>Layer 4.</summary>
/// <param name="Listeners">Listeners.</param>
/// <param name="Connections">The connection table, oldest first, at most 1,000 rows.</param>
public sealed record Layer4Statistics(
    IReadOnlyList<Layer4ListenerStatistics> Listeners,
    IReadOnlyList<ConnectionStatistics> Connections);
