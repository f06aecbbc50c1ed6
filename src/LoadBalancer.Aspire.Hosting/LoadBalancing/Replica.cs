namespace Aspire.Hosting.LoadBalancing;

/// <summary>A backend that runs.</summary>
/// <param name="Id">The resource id that the dashboard shows.</param>
/// <param name="Address">Where it listens, <c>host:port</c>.</param>
/// <param name="Weight">Share of the work relative to the others.</param>
/// <param name="Priority">Tier.</param>
/// <param name="MaxConnections">Most connections and requests at a time; null for the pool's.</param>
internal sealed record Replica(string Id, string Address, int Weight = 1, int Priority = 0, int? MaxConnections = null);
