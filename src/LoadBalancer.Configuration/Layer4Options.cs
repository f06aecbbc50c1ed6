using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Transport balancing: bytes, not requests.</summary>
public sealed record Layer4Options
{
    /// <summary>Listeners by name.</summary>
    [Description("Layer 4 listeners by name.")]
    public Dictionary<string, Layer4ListenerOptions> Listeners { get; set; } = new(StringComparer.OrdinalIgnoreCase);
}
