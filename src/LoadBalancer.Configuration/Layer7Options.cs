using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>HTTP balancing: requests, not bytes.</summary>
public sealed record Layer7Options
{
    /// <summary>Listeners by name.</summary>
    [Description("Layer 7 listeners by name.")]
    public Dictionary<string, Layer7ListenerOptions> Listeners { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Routes by name.</summary>
    [Description("Routes by name.")]
    public Dictionary<string, RouteOptions> Routes { get; set; } = new(StringComparer.OrdinalIgnoreCase);
}
