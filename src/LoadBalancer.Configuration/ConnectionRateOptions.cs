using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>How often one source may connect: a token bucket for each source prefix.</summary>
public sealed record ConnectionRateOptions
{
    /// <summary>New connections or sessions a second, 1 to 1,000,000.</summary>
    [Description("New connections (UDP: sessions) a second for one source, 1 to 1000000. Default 100.")]
    public int PerSecond { get; set; } = 100;

    /// <summary>Connections that may come at once after a pause, 1 to 1,000,000. Default: as many as <see cref="PerSecond"/>.</summary>
    [Description("Connections that may come at once after a pause, 1 to 1000000. Default: as many as PerSecond.")]
    public int? Burst { get; set; }
}
