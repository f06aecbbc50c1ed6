using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// Name and weight of a backend that discovery finds at an address. Membership comes from discovery alone:
/// an address listed here and not discovered gets nothing, one discovered and not listed has weight 1 and its
/// address as its name. An entry that is taken away while the address stays keeps its name, with weight 1.
/// </summary>
public sealed record BackendOptions
{
    /// <summary><c>host:port</c> as discovery gives it.</summary>
    [Description("host:port of the backend, as discovery gives it.")]
    public string? Address { get; set; }

    /// <summary>Share of the work relative to the other backends, 1 to 256. Default: 1.</summary>
    [Description("Share of the work relative to the other backends, 1 to 256. Default 1.")]
    public int Weight { get; set; } = 1;
}
