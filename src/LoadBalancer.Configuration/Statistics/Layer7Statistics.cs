namespace LoadBalancer.Configuration.Statistics;

/// <summary>Layer 7.</summary>
/// <param name="Listeners">Listeners.</param>
/// <param name="Routes">Routes.</param>
/// <param name="Cache">Stored answers.</param>
/// <param name="Connections">Client connections.</param>
/// <param name="AccessLog">The access log's file; null when there is none.</param>
public sealed record Layer7Statistics(
    IReadOnlyList<Layer7ListenerStatistics> Listeners,
    IReadOnlyList<RouteStatistics> Routes,
    CacheStatistics Cache,
    Layer7ConnectionStatistics Connections,
    AccessLogStatistics? AccessLog);
