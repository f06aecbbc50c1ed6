using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>The admin endpoint: health, statistics and commands, on loopback only.</summary>
public sealed record AdminOptions
{
    /// <summary>Where it listens: <c>localhost</c>, <c>127.0.0.1</c> or <c>[::1]</c> and a port. Default: <c>localhost:9080</c>.</summary>
    [Description("Loopback address and port of the admin endpoint. Default localhost:9080. Read at start only.")]
    public string Address { get; set; } = "localhost:9080";

    /// <summary>Bearer token that commands need, 16 to 256 printable ASCII characters without spaces. Default: a random one, printed at start.</summary>
    [Description("Bearer token that commands need, 16 to 256 printable ASCII characters without spaces. Default: a random one, printed at start. Read at start only, and shown in no message.")]
    [Secret]
    public string? Token { get; set; }

    /// <summary>Whether <c>/metrics</c> answers with metrics in Prometheus' text format. Default: false.</summary>
    [Description("Whether /metrics answers with metrics in Prometheus' text format. Default false. Read at start only.")]
    public bool PrometheusMetrics { get; set; }

    /// <summary>The address alone: what prints options must not print the token.</summary>
    /// <returns>The address.</returns>
    public override string ToString() => $"{nameof(AdminOptions)} {{ {nameof(Address)} = {Address} }}";
}
