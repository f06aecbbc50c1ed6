using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// Name and weight of a backend that discovery finds at an address. Membership comes from discovery alone:
/// an address listed here and not discovered gets nothing, one discovered and not listed has weight 1 and its
/// address as its name. An entry that is taken away while the address stays keeps its name, with all else default.
/// </summary>
public sealed record BackendOptions
{
    /// <summary><c>host:port</c> as discovery gives it, or <c>unix:/path</c>.</summary>
    [Description("host:port of the backend, as discovery gives it, or unix:/path of at most 107 bytes. Must be given.")]
    public string? Address { get; set; }

    /// <summary>Share of the work relative to the other backends, 1 to 256. Default: 1.</summary>
    [Description("Share of the work relative to the other backends, 1 to 256. Default 1.")]
    public int Weight { get; set; } = 1;

    /// <summary>Tier of the backend, 0 to 15: a tier is used only while no lower one has a healthy backend. Default: 0.</summary>
    [Description("Tier of the backend, 0 to 15: a tier is used only while no lower one has a healthy backend. Default 0.")]
    public int Priority { get; set; }

    /// <summary>Most connections and requests it may have at a time, 1 to 1,000,000. Default: the pool's.</summary>
    [Description("Most connections and requests it may have at a time, 1 to 1000000. Default: the pool's MaxConnections.")]
    public int? MaxConnections { get; set; }
}
