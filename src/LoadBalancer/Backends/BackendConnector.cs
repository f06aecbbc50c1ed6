using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using LoadBalancer.Tls;

namespace LoadBalancer.Backends;

/// <summary>Opens connections to backends: over TCP or to a Unix domain socket, in clear text or over TLS.</summary>
public static class BackendConnector
{
    private const string LocalHost = "localhost";

    /// <summary>Opens a connection that carries bytes as they are.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">The backend does not accept it.</exception>
    public static async ValueTask<NetworkStream> OpenAsync(Backend backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var socket = backend.EndPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(backend.EndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection for a handler, over TLS where the request is for <c>https</c>.</summary>
    /// <param name="backend">The backend that the request goes to.</param>
    /// <param name="tls">How the backend is spoken to over TLS.</param>
    /// <param name="request">The request that the connection is made for, which says the HTTP versions to offer.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    public static async ValueTask<Stream> OpenAsync(Backend backend, BackendTls tls, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tls);
        ArgumentNullException.ThrowIfNull(request);
        var stream = await OpenAsync(backend, cancellationToken);
        return request.RequestUri!.Scheme is "https" or "wss"
            ? await tls.AuthenticateAsync(stream, HostOf(backend), ApplicationProtocols(request), cancellationToken)
            : stream;
    }

    /// <summary>Gives a request that has no header <c>Host</c> one where the backend's URL has no host that means anything to it.</summary>
    /// <param name="backend">The backend that the request goes to.</param>
    /// <param name="headers">The request's headers.</param>
    public static void AddHost(Backend backend, HttpRequestHeaders headers)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(headers);
        if (backend.EndPoint is UnixDomainSocketEndPoint)
        {
            headers.Host ??= LocalHost;
        }
    }

    private static string HostOf(Backend backend) => backend.EndPoint switch
    {
        IPEndPoint address => address.Address.ToString(),
        DnsEndPoint name => name.Host,
        _ => LocalHost,
    };

    // As the handler would ask for, which expects the answer to fit the request.
    private static List<SslApplicationProtocol> ApplicationProtocols(HttpRequestMessage request) => request switch
    {
        // A WebSocket over HTTP/2 (RFC 8441), which who sent it tries over HTTP/1.1 when the backend prefers that.
        { Headers.Protocol: not null } => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        { Version.Major: 2, VersionPolicy: not HttpVersionPolicy.RequestVersionOrLower } => [SslApplicationProtocol.Http2],
        { Version.Major: 2 } or { VersionPolicy: HttpVersionPolicy.RequestVersionOrHigher } => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        _ => [SslApplicationProtocol.Http11],
    };
}
