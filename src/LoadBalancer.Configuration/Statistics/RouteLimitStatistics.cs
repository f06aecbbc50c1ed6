namespace LoadBalancer.Configuration.Statistics;

/// <summary>What the limits of a route do.</summary>
/// <param name="RateLimited">Requests that came too often (429).</param>
/// <param name="AtCapacity">Requests for which there was no room, or no more room in the queue, or not in time (503).</param>
/// <param name="TooLarge">Requests whose body was too large (413).</param>
/// <param name="Active">Requests under way that count against the limit of those at a time; 0 where there is none.</param>
/// <param name="Queued">Requests that wait for room now.</param>
public sealed record RouteLimitStatistics(long RateLimited, long AtCapacity, long TooLarge, int Active, int Queued);
