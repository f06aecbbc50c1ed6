namespace LoadBalancer.Configuration.Statistics;

/// <summary>What <c>GET /healthz</c> answers.</summary>
/// <param name="Status"><c>ready</c> (200) or <c>draining</c> (503).</param>
/// <param name="Pools">Backends that can be picked, by pool.</param>
public sealed record HealthReport(string Status, IReadOnlyDictionary<string, int> Pools);
