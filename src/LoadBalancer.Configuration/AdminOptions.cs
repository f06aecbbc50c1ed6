using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>The admin endpoint: health and statistics, on loopback only.</summary>
public sealed record AdminOptions
{
    /// <summary>Where it listens: <c>localhost</c>, <c>127.0.0.1</c> or <c>[::1]</c> and a port. Default: <c>localhost:9080</c>.</summary>
    [Description("Loopback address and port of the admin endpoint. Default localhost:9080. Read at start only.")]
    public string Address { get; set; } = "localhost:9080";
}
