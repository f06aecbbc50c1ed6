namespace LoadBalancer.Configuration;

/// <summary>Whose requests a rate counts together.</summary>
public enum RateLimitKey
{
    /// <summary>All.</summary>
    Global,

    /// <summary>Those of one client address (of IPv6, of its /64).</summary>
    ClientAddress,

    /// <summary>Those with one value of a header; those without it count together.</summary>
    Header,
}
