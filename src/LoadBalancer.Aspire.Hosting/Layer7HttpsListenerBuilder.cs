using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>
/// Configures a listener of a Layer 7 load balancer that ends TLS. Without a certificate it presents the one that
/// <c>WithHttpsCertificate</c> gives the balancer, else the ASP.NET Core developer certificate, else a self-signed one
/// for localhost that is made in memory.
/// </summary>
[AspireExport(ExposeMethods = true)]
public sealed class Layer7HttpsListenerBuilder : Layer7ListenerBuilder<Layer7HttpsListenerBuilder>
{
    private readonly string _directory;

    internal Layer7HttpsListenerBuilder(string directory)
        : base(new() { Tls = new() })
    {
        _directory = directory;
    }

    /// <summary>What opens the certificates, by their names.</summary>
    internal Dictionary<string, ParameterResource> Passwords { get; } = new(StringComparer.OrdinalIgnoreCase);

    private TlsTerminationOptions Tls => Options.Tls!;

    /// <summary>Presents a certificate from a file, which is read again when it changes. May be called for several certificates.</summary>
    /// <param name="name">Name of the certificate in messages: ASCII letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, no <c>__</c>.</param>
    /// <param name="path">PEM file (certificate, then intermediates; the key may be in it) or PFX file, relative to the AppHost's folder.</param>
    /// <param name="keyPath">PEM file of the private key. Default: the key is in <paramref name="path"/>.</param>
    /// <param name="password">Secret that opens the encrypted key or the PFX file. Default: none.</param>
    /// <param name="serverNames">
    /// Server names (SNI) that get it: <c>example.com</c>, or <c>*.example.com</c> for one label in front.
    /// Default: every name that no other certificate has.
    /// </param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">
    /// A path is empty, a name is not allowed or taken, or <paramref name="password"/> is not a secret, so that the
    /// dashboard would show it.
    /// </exception>
    /// <example>
    /// <code lang="csharp">
    /// edge.WithHttpsListener(8443, l => l
    ///     .WithCertificate("shop", "certs/shop.pem", serverNames: ["shop.localhost"])
    ///     .WithCertificate("others", "certs/others.pfx", password: builder.AddParameter("pfx", secret: true)));
    /// </code>
    /// </example>
    public Layer7HttpsListenerBuilder WithCertificate(
        string name,
        string path,
        string? keyPath = null,
        IResourceBuilder<ParameterResource>? password = null,
        IReadOnlyList<string>? serverNames = null)
    {
        Contract.CheckName(name, "a certificate", nameof(name));
        if (name.Contains("__", StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{name}' has '__', which divides the names of environment variables; must have none.", nameof(name));
        }

        if (Tls.Certificates.ContainsKey(name))
        {
            throw new ArgumentException($"The listener has a certificate '{name}' already; a certificate must have a name of its own.", nameof(name));
        }

        if (password is not null)
        {
            Contract.CheckSecret(password, nameof(password));
        }

        var certificate = new TlsCertificateOptions
        {
            Path = PathOf(path, nameof(path)),
            KeyPath = keyPath is null ? null : PathOf(keyPath, nameof(keyPath)),
            ServerNames = [.. serverNames ?? []],
        };
        With(Tls with { Certificates = new(Tls.Certificates, StringComparer.OrdinalIgnoreCase) { [name] = certificate } }, nameof(serverNames));
        if (password is not null)
        {
            Passwords.Add(name, password.Resource);
        }

        return this;
    }

    /// <summary>Sets the oldest version of TLS that a client may speak. Default: <see cref="TlsVersion.Tls12"/>.</summary>
    /// <param name="version">The version.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="version"/> is not a version.</exception>
    public Layer7HttpsListenerBuilder WithMinimumTlsVersion(TlsVersion version)
    {
        Contract.CheckDefined(version, nameof(version));
        return With(Tls with { MinimumVersion = version }, nameof(version));
    }

    /// <summary>Asks clients for a certificate; one that is not valid ends the handshake, whatever the mode. Default: they are not asked.</summary>
    /// <param name="trustedCa">Files (PEM or DER) with the authorities whose clients are let in, relative to the AppHost's folder, at least one; the machine's own are not.</param>
    /// <param name="mode">Whether a client must have one. Default: <see cref="ClientCertificateMode.Require"/>.</param>
    /// <param name="checkRevocation">Whether revoked certificates are refused; asks the authority over the network at each handshake. Default: no.</param>
    /// <param name="forwardHeader">Header in which backends get the certificate. Default: none, backends do not learn of it.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="trustedCa"/> is empty, or <paramref name="forwardHeader"/> is not a header name.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is not a mode.</exception>
    public Layer7HttpsListenerBuilder WithClientCertificates(
        IReadOnlyList<string> trustedCa,
        ClientCertificateMode mode = ClientCertificateMode.Require,
        bool checkRevocation = false,
        string? forwardHeader = null)
    {
        ArgumentNullException.ThrowIfNull(trustedCa);
        Contract.CheckDefined(mode, nameof(mode));
        var client = new ClientCertificateOptions
        {
            Mode = mode,
            TrustedCa = [.. trustedCa.Select(path => PathOf(path, nameof(trustedCa)))],
            CheckRevocation = checkRevocation,
        };
        With(Tls with { ClientCertificate = client }, nameof(trustedCa));
        return With(Tls with { ClientCertificate = client with { ForwardHeader = forwardHeader } }, nameof(forwardHeader));
    }

    private Layer7HttpsListenerBuilder With(TlsTerminationOptions tls, string argument) => With(Options with { Tls = tls }, argument);

    private string PathOf(string path, string argument)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path, argument);
        return Path.GetFullPath(path, _directory);
    }
}
