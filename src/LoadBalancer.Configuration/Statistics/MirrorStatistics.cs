namespace LoadBalancer.Configuration.Statistics;

/// <summary>A route's mirror.</summary>
/// <param name="Pool">The pool that gets the copies.</param>
/// <param name="Percent">Percent of the requests that are copied.</param>
/// <param name="Active">Copies under way.</param>
/// <param name="Results">What became of the others: Answered, Failed, NoBackend, TooLarge, Incomplete, TooMany.</param>
public sealed record MirrorStatistics(
    string Pool,
    int Percent,
    int Active,
    IReadOnlyDictionary<string, long> Results);
