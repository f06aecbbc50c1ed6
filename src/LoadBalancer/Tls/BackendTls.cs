using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Tls;

/// <summary>How the backends of a pool are spoken to over TLS: whom to trust, which name to ask for, what to present.</summary>
public sealed partial class BackendTls
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);
    private static long _made;

    private readonly BackendTlsOptions _options;
    private readonly ReloadedFile<X509Certificate2Collection>? _trusted;
    private readonly ReloadedFile<SslStreamCertificateContext>? _own;
    private long _lookedAt = Environment.TickCount64;

    /// <summary>Reads the files.</summary>
    /// <param name="pool">The pool's name.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="logger">Gets a line when a file changes.</param>
    public BackendTls(string pool, BackendTlsOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        var key = $"LoadBalancer:Pools:{pool}:BackendTls";
        if (options.TrustedCa is { } path)
        {
            _trusted = new(key, [path], () => CertificateFile.LoadAuthorities(nameof(options.TrustedCa), path), logger);
        }

        if (options.ClientCertificate is { } certificate)
        {
            var file = CertificateFile.Of(certificate);
            _own = new($"{key}:ClientCertificate", file.Paths, file.Load, logger);
        }

        if (options.InsecureAllowUntrusted)
        {
            Log.Insecure(logger, pool);
        }
    }

    /// <summary>A number that no other instance in this process has.</summary>
    public long Id { get; } = Interlocked.Increment(ref _made);

    /// <summary>The machine's own trust, for pools without options.</summary>
    public static BackendTls Standard { get; } = new("", new BackendTlsOptions(), NullLogger.Instance);

    /// <summary>Shakes hands over a connection to a backend.</summary>
    /// <param name="stream">The connection, which belongs to the stream that is returned.</param>
    /// <param name="host">The backend's host, which its certificate must have unless the options say another.</param>
    /// <param name="protocols">What is offered by ALPN (RFC 7301); null for nothing.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The stream of what is sent in TLS.</returns>
    /// <exception cref="AuthenticationException">The backend is not trusted, the two cannot agree, or the backend ended the connection.</exception>
    public async ValueTask<SslStream> AuthenticateAsync(Stream stream, string host, List<SslApplicationProtocol>? protocols, CancellationToken cancellationToken)
    {
        RefreshNowAndThen();
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = _options.ServerName ?? host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = protocols,
            ClientCertificateContext = _own?.Value,
        };
        if (_options.InsecureAllowUntrusted)
        {
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        }
        else if (_trusted is not null)
        {
            options.CertificateChainPolicy = Policy();
        }

        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return tls;
        }
        catch (IOException exception)
        {
            await tls.DisposeAsync();
            // So that it is told apart from a connection that was not made.
            throw new AuthenticationException("The backend ended the connection in the TLS handshake.", exception);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Makes a handler that speaks HTTP/3 do so this way. QUIC shakes hands inside the handler, which asks for the
    /// host of the request and takes a certificate to present once and for all.
    /// </summary>
    /// <param name="options">Options of a handler that has sent nothing yet.</param>
    public void Configure(SslClientAuthenticationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        RefreshNowAndThen();
        options.ClientCertificateContext = _own?.Value;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            _options.InsecureAllowUntrusted || (certificate is X509Certificate2 presented && IsTrusted(presented, chain, errors));
    }

    private bool IsTrusted(X509Certificate2 certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        RefreshNowAndThen();
        if (_options.ServerName is { } name ? !certificate.MatchesHostname(name) : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return false;
        }

        if (_trusted is null)
        {
            return !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
        }

        using var own = new X509Chain { ChainPolicy = Policy() };
        own.ChainPolicy.ApplicationPolicy.Add(new(ServerAuthentication));
        own.ChainPolicy.ExtraStore.AddRange(chain?.ChainPolicy.ExtraStore ?? []);
        return own.Build(certificate);
    }

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_trusted!.Value ?? []);
        return policy;
    }

    private void RefreshNowAndThen()
    {
        var before = Volatile.Read(ref _lookedAt);
        var now = Environment.TickCount64;
        if (now - before >= Glance.TotalMilliseconds && Interlocked.CompareExchange(ref _lookedAt, now, before) == before)
        {
            _trusted?.Refresh();
            _own?.Refresh();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(123, LogLevel.Warning, "Pool {Pool}: InsecureAllowUntrusted is on; whoever answers at a backend's address is believed.")]
        public static partial void Insecure(ILogger logger, string pool);
    }
}
