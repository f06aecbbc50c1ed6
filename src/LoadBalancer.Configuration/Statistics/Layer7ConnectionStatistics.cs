namespace LoadBalancer.Configuration.Statistics;

/// <summary>Client connections of all Layer 7 listeners together.</summary>
/// <param name="Open">Connections that are open.</param>
/// <param name="Refused">Connections that were closed at once because the limit was reached.</param>
public sealed record Layer7ConnectionStatistics(int Open, long Refused);
