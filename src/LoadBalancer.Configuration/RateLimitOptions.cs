using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>How often a route is used. More is answered with 429 and <c>Retry-After</c>.</summary>
public sealed record RateLimitOptions
{
    /// <summary>How requests are counted. Default: <see cref="RateLimitAlgorithm.TokenBucket"/>.</summary>
    [Description("How requests are counted: FixedWindow, SlidingWindow or TokenBucket. Default TokenBucket.")]
    public RateLimitAlgorithm Algorithm { get; set; } = RateLimitAlgorithm.TokenBucket;

    /// <summary>Requests in a window, 1 to 1,000,000. Default: 100.</summary>
    [Description("Requests in a window, 1 to 1000000. Default 100.")]
    public int Requests { get; set; } = 100;

    /// <summary>The window, 100 ms to 1 d. Default: 1 s.</summary>
    [Description("The window, 00:00:00.1 to 1.00:00:00. Default 00:00:01.")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Requests that may come at once after a pause, 1 to 1,000,000; only for <see cref="RateLimitAlgorithm.TokenBucket"/>. Default: as <see cref="Requests"/>.</summary>
    [Description("Requests that may come at once after a pause, 1 to 1000000; only for TokenBucket. Default: as Requests.")]
    public int? Burst { get; set; }

    /// <summary>Whose requests are counted together. Default: <see cref="RateLimitKey.ClientAddress"/>.</summary>
    [Description("Whose requests are counted together: Global, ClientAddress (IPv6: its /64) or Header. Default ClientAddress.")]
    public RateLimitKey Key { get; set; } = RateLimitKey.ClientAddress;

    /// <summary>Name of the header where <see cref="Key"/> is <see cref="RateLimitKey.Header"/>.</summary>
    [Description("Name of the header where Key is Header. Must be given there, and nowhere else.")]
    public string? Header { get; set; }
}
