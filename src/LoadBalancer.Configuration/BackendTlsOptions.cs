using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>TLS towards backends whose address has the scheme <c>https</c>; the others are spoken to in clear text.</summary>
public sealed record BackendTlsOptions
{
    /// <summary>File with the certificates of the authorities that backends are trusted by. Default: those of the machine.</summary>
    [Description("File (PEM or DER) with the certificates of the authorities that vouch for backends, relative to the configuration file. Default: the machine's.")]
    public string? TrustedCa { get; set; }

    /// <summary>The name that is sent (SNI) and that certificates must have. Default: the host in the backend's address.</summary>
    [Description("Name that is sent (SNI) and that certificates must have. Default: the host in the backend's address.")]
    public string? ServerName { get; set; }

    /// <summary>Certificate that the balancer presents to backends; absent means none.</summary>
    [Description("Certificate that the balancer presents to backends; absent: none.")]
    public BackendCertificateOptions? ClientCertificate { get; set; }

    /// <summary>Whether any certificate will do, expired, self-signed or of another name. Default: false.</summary>
    [Description("INSECURE: any certificate will do, so whoever can answer at a backend's address can read and change everything. Default false.")]
    public bool InsecureAllowUntrusted { get; set; }
}
