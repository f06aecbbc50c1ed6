using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Certificates that clients of a listener present. One that is not valid ends the handshake, in every mode.</summary>
public sealed record ClientCertificateOptions
{
    /// <summary>Whether a client must have one. Default: <see cref="ClientCertificateMode.Require"/>.</summary>
    [Description("None: not asked for. Request: asked for, a client may have none. Require: without one the handshake fails. Default Require.")]
    public ClientCertificateMode Mode { get; set; } = ClientCertificateMode.Require;

    /// <summary>Files with the certificates of the authorities whose clients are let in; the machine's own are not.</summary>
    [Description("Files (PEM or DER) with the certificates of the authorities whose clients are let in, relative to the configuration file; the machine's own authorities are not. Must be given unless Mode is None.")]
    public string[] TrustedCa { get; set; } = [];

    /// <summary>Whether the authority is asked if a certificate was revoked. Default: false.</summary>
    [Description("Whether revoked certificates are refused; asks the authority over the network at each handshake. Default false.")]
    public bool CheckRevocation { get; set; }

    /// <summary>Header in which backends get the certificate. Default: none, backends do not learn of it.</summary>
    [Description("Header in which backends get the certificate as base64 DER, such as X-Client-Cert; Client-Cert takes the form of RFC 9440. Default: none, backends do not learn of it.")]
    public string? ForwardHeader { get; set; }
}
