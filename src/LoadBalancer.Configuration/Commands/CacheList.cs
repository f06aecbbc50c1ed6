namespace LoadBalancer.Configuration.Commands;

/// <summary>What <c>GET /admin/cache</c> answers.</summary>
/// <param name="Total">Stored answers that match the filter.</param>
/// <param name="Answers">The answers, the most used first, at most as many as were asked for.</param>
public sealed record CacheList(int Total, IReadOnlyList<CachedAnswer> Answers);
