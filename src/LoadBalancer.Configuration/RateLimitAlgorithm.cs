namespace LoadBalancer.Configuration;

/// <summary>How requests are counted against a rate.</summary>
public enum RateLimitAlgorithm
{
    /// <summary>So many in each window, from its beginning.</summary>
    FixedWindow,

    /// <summary>So many in any window, counted in tenths of it.</summary>
    SlidingWindow,

    /// <summary>Tokens that come evenly and are kept up to the burst.</summary>
    TokenBucket,
}
