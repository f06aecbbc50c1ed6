namespace LoadBalancer.Configuration.Statistics;

/// <summary>The answers that caching routes keep, and the requests on such routes by what the cache did for them.</summary>
/// <param name="Entries">Stored answers.</param>
/// <param name="Bytes">Bytes that they take, with their headers.</param>
/// <param name="MaxBytes">Bytes that they may take.</param>
/// <param name="Hits">Requests that were answered from memory, with a fresh answer.</param>
/// <param name="Stale">Requests that were answered from memory, with a stale answer: while it was asked for anew, or in place of an error.</param>
/// <param name="Collapsed">Requests that waited for another's answer and got it.</param>
/// <param name="Revalidated">Requests that were answered from memory after a backend had confirmed the answer.</param>
/// <param name="Misses">Requests that a backend answered.</param>
/// <param name="Bypassed">Requests that a backend answered without a look into memory, such as POST.</param>
/// <param name="Evictions">Answers that had to go for others.</param>
public sealed record CacheStatistics(
    int Entries,
    long Bytes,
    long MaxBytes,
    long Hits,
    long Stale,
    long Collapsed,
    long Revalidated,
    long Misses,
    long Bypassed,
    long Evictions);
