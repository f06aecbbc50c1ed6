namespace LoadBalancer.Configuration.Commands;

/// <summary>What <c>DELETE /admin/cache</c> answers.</summary>
/// <param name="Removed">Stored answers that were removed.</param>
public sealed record CachePurge(int Removed);
