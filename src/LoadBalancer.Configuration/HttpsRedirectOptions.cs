using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Answers every request with 308 and the same address under <c>https</c>.</summary>
public sealed record HttpsRedirectOptions
{
    /// <summary>The port that clients are sent to, 1 to 65535. Default: that of the one listener that has TLS.</summary>
    [Description("Port that clients are sent to, 1 to 65535. Default: that of the one Layer 7 listener with Tls; must be given where there is none, or several.")]
    public int? Port { get; set; }
}
