namespace LoadBalancer.Configuration.Statistics;

/// <summary>A pool's part of a route's split.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Percent">Its share of the requests now.</param>
/// <param name="Requests">Requests that it was given, whatever its share was meanwhile.</param>
public sealed record SplitStatistics(string Pool, int Percent, long Requests);
