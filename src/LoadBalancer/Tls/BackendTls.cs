using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tls;

/// <summary>How the backends of a pool are spoken to over TLS: whom to trust, which name to ask for, what to present.</summary>
public sealed partial class BackendTls
{
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

    /// <summary>Makes a handler connect this way.</summary>
    /// <param name="handler">A handler that has sent nothing yet.</param>
    public void Configure(SocketsHttpHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        // Handler options would do but for two things: the handler puts the host over the name to ask for, and takes
        // certificates once and for all.
        handler.ConnectCallback = ConnectAsync;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (context.InitialRequestMessage.RequestUri?.Scheme is not ("https" or "wss"))
            {
                return stream;
            }

            var tls = new SslStream(stream, leaveInnerStreamOpen: false);
            await tls.AuthenticateAsClientAsync(HandshakeOptions(context), cancellationToken);
            return tls;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private SslClientAuthenticationOptions HandshakeOptions(SocketsHttpConnectionContext context)
    {
        RefreshNowAndThen();
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = _options.ServerName ?? context.DnsEndPoint.Host.Trim('[', ']'),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = ApplicationProtocols(context.InitialRequestMessage),
            ClientCertificateContext = _own?.Value,
        };
        if (_options.InsecureAllowUntrusted)
        {
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        }
        else if (_trusted is not null)
        {
            options.CertificateChainPolicy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(_trusted.Value ?? []);
        }

        return options;
    }

    // As the handler would ask for, which expects the answer to fit the request.
    private static List<SslApplicationProtocol> ApplicationProtocols(HttpRequestMessage request) => request switch
    {
        { Version.Major: 2, VersionPolicy: not HttpVersionPolicy.RequestVersionOrLower } => [SslApplicationProtocol.Http2],
        { Version.Major: 2 } or { VersionPolicy: HttpVersionPolicy.RequestVersionOrHigher } => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        _ => [SslApplicationProtocol.Http11],
    };

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
