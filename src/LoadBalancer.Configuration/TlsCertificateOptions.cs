using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>A certificate that a listener presents, from a file that is read again when it changes.</summary>
public sealed record TlsCertificateOptions
{
    /// <summary>PEM file (certificate, then intermediates; the key may be in it) or PFX file. Relative to the configuration file.</summary>
    [Description("PEM file (certificate, then intermediates; the key may be in it) or PFX file. Relative to the configuration file. Must be given.")]
    public string? Path { get; set; }

    /// <summary>PEM file of the private key. Default: the key is in <see cref="Path"/>.</summary>
    [Description("PEM file of the private key. Default: the key is in Path.")]
    public string? KeyPath { get; set; }

    /// <summary>Password of the private key or the PFX file. Default: none.</summary>
    [Description("Password of the private key or the PFX file; better given as an environment variable. Default: none.")]
    [Secret]
    public string? Password { get; set; }

    /// <summary>
    /// Server names (SNI, RFC 6066 §3) that get this certificate: <c>example.com</c>, or <c>*.example.com</c> for one label in front.
    /// Empty: it is for every name that no other certificate has, and for clients that send none.
    /// </summary>
    [Description("Server names (SNI) that get this certificate: example.com, or *.example.com for one label in front. Empty: every name that no other certificate has.")]
    public string[] ServerNames { get; set; } = [];

    /// <summary>Says which files, never the password.</summary>
    /// <returns>A line for people.</returns>
    public override string ToString() =>
        $"{nameof(TlsCertificateOptions)} {{ Path = {Path}, KeyPath = {KeyPath}, ServerNames = {string.Join(' ', ServerNames)} }}";
}
