using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace LoadGenerator.Clients;

/// <summary>
/// An HTTP client of a balancer that keeps its connections alive and knows how many it made. It has no cookies unless told
/// so, and takes any certificate: whose it is, is what the tour looks at.
/// </summary>
internal sealed class TourClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly int _mostConnections;
    private int _connections;

    /// <param name="address">The balancer's listener.</param>
    /// <param name="connections">Most connections at a time.</param>
    /// <param name="cookies">Whether it keeps cookies.</param>
    /// <param name="reconnects">Whether another connection may take the place of one that ended.</param>
    public TourClient(Uri address, int connections = 1, bool cookies = false, bool reconnects = true)
    {
        _mostConnections = reconnects ? int.MaxValue : connections;
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = connections,
            UseCookies = cookies,
            UseProxy = false,
            ConnectCallback = ConnectAsync,
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    Certificate = X509CertificateLoader.LoadCertificate(certificate!.Export(X509ContentType.Cert));
                    return true;
                },
            },
        };
        _http = new(handler) { BaseAddress = address, Timeout = Patience };
    }

    /// <summary>Connections that were made.</summary>
    public int Connections => _connections;

    /// <summary>What the server presented last.</summary>
    public X509Certificate2? Certificate { get; private set; }

    /// <exception cref="HttpRequestException">There is no answer.</exception>
    public async Task<Answer> GetAsync(string path, CancellationToken cancellation)
    {
        using var message = await _http.GetAsync(path, cancellation);
        return await Answer.ReadAsync(message, cancellation);
    }

    /// <summary>One request after the other.</summary>
    public async Task<IReadOnlyList<Answer>> GetAsync(string path, int times, CancellationToken cancellation)
    {
        var answers = new List<Answer>(times);
        for (var i = 0; i < times; i++)
        {
            answers.Add(await GetAsync(path, cancellation));
        }

        return answers;
    }

    public void Dispose()
    {
        _http.Dispose();
        Certificate?.Dispose();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _connections) > _mostConnections)
        {
            // The handler would repeat the request on a new connection, and the broken one would not be seen.
            throw new IOException("The connection has ended.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
