using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// The connections to one backend. Those that rest are kept apart by the thread that used them last: a socket's events
/// come on one thread, and whoever runs there finds a connection whose answer will come there too.
/// </summary>
internal sealed class ConnectionPool(EndPoint endPoint, ConnectionSweep sweep)
{
    // Less than what servers commonly allow (60 s and more), so that most are closed from here.
    private const long LongestRest = 55_000;

    private static int _threads;

    [ThreadStatic]
    private static int _thread;

    private readonly EndPoint _endPoint = endPoint is UriEndPoint { Uri: var uri } ? Plain(uri) : endPoint;
    private readonly IdleConnections[] _idle = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new IdleConnections())];

    /// <summary>Takes a connection that rests; null when a new one is needed.</summary>
    public BackendConnection? TryTake()
    {
        var own = Own();
        for (var i = 0; i < _idle.Length; i++)
        {
            if (_idle[(own + i) % _idle.Length].TryTake() is { } connection)
            {
                return connection;
            }
        }

        return null;
    }

    /// <summary>Makes a connection.</summary>
    /// <param name="timeout">Time in which it must be there.</param>
    /// <param name="aborted">Ends it.</param>
    /// <param name="cancellation">Ends it as well.</param>
    /// <exception cref="SocketException">The backend cannot be connected.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or was ended.</exception>
    public async ValueTask<BackendConnection> ConnectAsync(TimeSpan timeout, CancellationToken aborted, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(aborted, cancellation);
        deadline.CancelAfter(timeout);
        var socket = _endPoint switch
        {
            UnixDomainSocketEndPoint => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
            // A host name may have addresses of both families; a socket without a family tries them all.
            DnsEndPoint => new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true },
            _ => new Socket(_endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true },
        };
        try
        {
            await socket.ConnectAsync(_endPoint, deadline.Token);
            return new BackendConnection(socket, sweep);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Takes back a connection whose exchange has ended, for the next one.</summary>
    public void Keep(BackendConnection connection)
    {
        if (!connection.TryRest(LongestRest))
        {
            connection.Close(CloseCause.Done);
            return;
        }

        var own = Own();
        for (var i = 0; i < _idle.Length; i++)
        {
            if (_idle[(own + i) % _idle.Length].TryKeep(connection))
            {
                return;
            }
        }

        connection.Close(CloseCause.Done);
    }

    private static EndPoint Plain(Uri uri) => uri.Scheme == "unix" ? new UnixDomainSocketEndPoint(uri.LocalPath) : new DnsEndPoint(uri.Host, uri.Port);

    // Threads get numbers in turn: those that socket events come on are as many as processors, and start together.
    private static int Own() => (_thread != 0 ? _thread : _thread = Interlocked.Increment(ref _threads)) & int.MaxValue;
}
