using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// Keeps a client on its backend across reconnects and replica changes, with any policy: the policy picks once, and
/// the table remembers until the backend leaves or can no longer be picked.
/// </summary>
public sealed record SourceAffinityOptions
{
    /// <summary>Time without a new connection after which a client is forgotten, 1 s to 7 d. Default: 30 min.</summary>
    [Description("Time without a new connection after which a client is forgotten, 00:00:01 to 7.00:00:00. Default 00:30:00.")]
    public TimeSpan Expiry { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Clients that are remembered, 1 to 10,000,000; beyond that new ones are not. Default: 100,000.</summary>
    [Description("Clients that are remembered, 1 to 10000000; beyond that new ones are not. Default 100000.")]
    public int MaxEntries { get; set; } = 100_000;
}
