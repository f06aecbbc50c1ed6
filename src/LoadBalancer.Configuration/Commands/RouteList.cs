using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Configuration.Commands;

/// <summary>What <c>GET /admin/routes</c> answers.</summary>
/// <param name="Routes">The routes, by name.</param>
public sealed record RouteList(IReadOnlyList<RouteStatistics> Routes);
