using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Configuration.Commands;

/// <summary>What <c>GET /admin/connections</c> answers.</summary>
/// <param name="Total">Rows that match the filter.</param>
/// <param name="Connections">The rows, oldest first, at most as many as were asked for.</param>
public sealed record ConnectionList(int Total, IReadOnlyList<ConnectionStatistics> Connections);
