using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>One client's connection and the one to its backend: a row of the connection table.</summary>
internal sealed class Layer4Connection(long id, string listener, Socket client)
{
    private readonly EndPoint? _clientAddress = client.RemoteEndPoint;
    private readonly DateTimeOffset _since = DateTimeOffset.UtcNow;
    private volatile Backend? _backend;
    private volatile Socket? _backendSocket;
    private int _closeReason = -1;
    private long _bytesToBackend;
    private long _bytesToClient;
    private long _lastActivity = Environment.TickCount64;

    public long Id => id;

    public Socket Client => client;

    public IPEndPoint? ClientAddress => _clientAddress as IPEndPoint;

    public Backend? Backend => _backend;

    public long BytesToBackend => Volatile.Read(ref _bytesToBackend);

    public long BytesToClient => Volatile.Read(ref _bytesToClient);

    /// <summary>The first reason given; <see cref="CloseReason.Completed"/> when none was.</summary>
    public CloseReason CloseReason => _closeReason < 0 ? CloseReason.Completed : (CloseReason)_closeReason;

    public TimeSpan IdleTime => TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _lastActivity));

    public void Connected(Backend backend, Socket socket)
    {
        _backend = backend;
        _backendSocket = socket;
        Touch();

        // An abort that came while the backend was being connected has not seen this socket.
        if (_closeReason >= 0)
        {
            Reset(socket);
        }
    }

    // Each direction has one writer, so a plain add is enough; readers see a value that is at most a chunk old.
    public void SentToBackend(int bytes)
    {
        Volatile.Write(ref _bytesToBackend, _bytesToBackend + bytes);
        Touch();
    }

    public void SentToClient(int bytes)
    {
        Volatile.Write(ref _bytesToClient, _bytesToClient + bytes);
        Touch();
    }

    /// <summary>Ends the connection at once: both peers see a reset, never an end that looks like success.</summary>
    public void Abort(CloseReason reason)
    {
        if (Interlocked.CompareExchange(ref _closeReason, (int)reason, -1) == -1)
        {
            Reset(client);
            if (_backendSocket is { } socket)
            {
                Reset(socket);
            }
        }
    }

    public ConnectionStatistics ToStatistics() => new(
        id, listener, _clientAddress?.ToString() ?? "unknown", _backend?.Name, _backend?.Id, _since, BytesToBackend, BytesToClient);

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Already gone, which is what was wanted.
        }

        socket.Dispose();
    }

    private void Touch() => Volatile.Write(ref _lastActivity, Environment.TickCount64);
}
