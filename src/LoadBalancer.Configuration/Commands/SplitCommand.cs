namespace LoadBalancer.Configuration.Commands;

/// <summary>Body of the command that changes a route's split.</summary>
/// <param name="Pools">Percent of the requests by pool, 0 to 100, together at most 100; the route's own pool gets the rest.</param>
public sealed record SplitCommand(IReadOnlyDictionary<string, int> Pools);
