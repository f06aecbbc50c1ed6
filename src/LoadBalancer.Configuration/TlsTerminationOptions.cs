using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// TLS on a Layer 7 listener. Without certificates the ASP.NET Core developer certificate is used, or a self-signed one
/// for localhost that is made in memory.
/// </summary>
public sealed record TlsTerminationOptions
{
    /// <summary>Certificates by name. Empty: the developer certificate, or a self-signed one in memory.</summary>
    [Description("Certificates by name. Empty: the ASP.NET Core developer certificate, or a self-signed one in memory.")]
    public Dictionary<string, TlsCertificateOptions> Certificates { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The oldest version that a client may speak. Default: <see cref="TlsVersion.Tls12"/>.</summary>
    [Description("Oldest TLS version that a client may speak: Tls12 or Tls13. Default Tls12.")]
    public TlsVersion MinimumVersion { get; set; } = TlsVersion.Tls12;

    /// <summary>Asks clients for a certificate; absent means not.</summary>
    [Description("Asks clients for a certificate; absent: not.")]
    public ClientCertificateOptions? ClientCertificate { get; set; }
}
