namespace LoadBalancer.Layer7.Caching;

/// <summary>What the cache did for a request.</summary>
internal enum CacheOutcome
{
    /// <summary>The route has no cache.</summary>
    None,

    /// <summary>Answered from memory, fresh.</summary>
    Hit,

    /// <summary>Answered from memory, stale.</summary>
    Stale,

    /// <summary>Answered with another request's answer, which came meanwhile.</summary>
    Collapsed,

    /// <summary>Answered from memory after a backend had confirmed it.</summary>
    Revalidated,

    /// <summary>Answered by a backend.</summary>
    Miss,

    /// <summary>Answered by a backend, without a look into memory.</summary>
    Bypass,
}
