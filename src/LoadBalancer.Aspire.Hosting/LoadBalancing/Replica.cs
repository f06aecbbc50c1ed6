namespace Aspire.Hosting.LoadBalancing;

/// <summary>A backend that runs.</summary>
/// <param name="Id">The resource id that the dashboard shows.</param>
/// <param name="Address">Where it listens, <c>host:port</c>.</param>
internal sealed record Replica(string Id, string Address);
