using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>One client's connection and the one to its backend: a row of the connection table.</summary>
internal sealed class Layer4Connection(long id, Layer4Listener listener, Socket client, ListenerSettings settings) : IRelayed
{
    private readonly CancellationTokenSource _aborted = new();
    private readonly DateTimeOffset _since = DateTimeOffset.UtcNow;
    private volatile BackendPool? _pool;
    private volatile Backend? _backend;
    private volatile bool _finishedToClient;
    private volatile bool _finishedToBackend;
    private volatile bool _isWaiting;
    private volatile bool _hasSentBytes;
    private volatile bool _hasLostBytes;
    private Socket? _backendSocket;
    private int _closeReason = -1;
    private long _bytesToBackend;
    private long _bytesToClient;
    private long _lastActivity = Environment.TickCount64;

    public long Id => id;

    public string ListenerName => listener.Name;

    public Socket Client => client;

    /// <summary>What the listener does with it: as it was when the connection was accepted.</summary>
    public ListenerSettings Settings => settings;

    /// <summary>The other end of the connection; an IPv4 address as itself, also where the listener is dual-stack.</summary>
    public IPEndPoint? PeerAddress { get; } = Unmapped(client.RemoteEndPoint as IPEndPoint);

    /// <summary>The client's address: the peer's, or what a trusted proxy said.</summary>
    public IPEndPoint? ClientAddress { get; set; } = Unmapped(client.RemoteEndPoint as IPEndPoint);

    /// <summary>Where the client connected to: here, or what a trusted proxy said.</summary>
    public IPEndPoint? ServerAddress { get; set; } = Unmapped(client.LocalEndPoint as IPEndPoint);

    /// <summary>The id that a trusted proxy gave the connection; empty for none.</summary>
    public ReadOnlyMemory<byte> UniqueId { get; set; }

    /// <summary>The server name of its TLS ClientHello.</summary>
    public string? ServerName { get; set; }

    /// <summary>Where its backend comes from.</summary>
    public BackendPool? Pool
    {
        get => _pool;
        set => _pool = value;
    }

    /// <summary>Its span; null when nobody listens, or it is not sampled.</summary>
    public Activity? Activity { get; set; }

    /// <summary>Faults in force for it.</summary>
    public FaultOptions? Faults => _pool?.FaultsOf(_backend);

    /// <summary>Whether it is in a queue.</summary>
    public bool IsWaiting
    {
        get => _isWaiting;
        set => _isWaiting = value;
    }

    /// <summary>Whether bytes of the client were read that its backend is to get.</summary>
    public bool HasSentBytes
    {
        get => _hasSentBytes;
        set => _hasSentBytes = value;
    }

    /// <summary>Whether a fault has swallowed some of its bytes.</summary>
    public bool HasLostBytes
    {
        get => _hasLostBytes;
        set => _hasLostBytes = value;
    }

    /// <summary>Whether it was refused, and why is its <see cref="CloseReason"/>.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Ends when the connection is aborted.</summary>
    public CancellationToken Aborted => _aborted.Token;

    public Backend? Backend => _backend;

    public long BytesToBackend => Volatile.Read(ref _bytesToBackend);

    public long BytesToClient => Volatile.Read(ref _bytesToClient);

    /// <summary>The first reason given; <see cref="CloseReason.Completed"/> when none was.</summary>
    public CloseReason CloseReason => _closeReason < 0 ? CloseReason.Completed : (CloseReason)_closeReason;

    public bool IsAborted => Volatile.Read(ref _closeReason) >= 0;

    /// <summary>Whether no byte came for the time-out that was in force when the connection was accepted. While its backend is being connected it is not idle.</summary>
    public bool IsIdle => _backend is not null && Environment.TickCount64 - Volatile.Read(ref _lastActivity) > settings.Options.IdleTimeoutOrDefault.TotalMilliseconds;

    /// <summary>Whether its backend has drained for longer than it may.</summary>
    public bool IsOverdue => _backend?.DrainingSince is { } since && TimeProvider.System.GetElapsedTime(since) > settings.DrainTimeout;

    /// <summary>
    /// Whether its client has gone while it is in a queue. One that has finished sending may still want an answer, but not
    /// when it never sent a byte.
    /// </summary>
    public bool IsGivenUp
    {
        get
        {
            try
            {
                return _isWaiting && (TcpState.IsClosed(client) || (!_hasSentBytes && client.Poll(0, SelectMode.SelectRead) && client.Available == 0));
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return true;
            }
        }
    }

    /// <summary>Makes an abort end the attempt to connect.</summary>
    public void Connecting(Socket socket)
    {
        // A full fence, as in Abort: one of the two sees what the other has written.
        Interlocked.Exchange(ref _backendSocket, socket);
        if (IsAborted)
        {
            Reset(socket);
        }
    }

    public void Connected(Backend backend)
    {
        Touch();
        _backend = backend;
    }

    /// <summary>Notes that one side is about to be told that the other has finished.</summary>
    public void Finish(bool toClient)
    {
        if (toClient)
        {
            _finishedToClient = true;
        }
        else
        {
            _finishedToBackend = true;
        }
    }

    /// <summary>Whether a side was told, or is being told, that the other has finished.</summary>
    public bool HasFinished(bool toClient) => toClient ? _finishedToClient : _finishedToBackend;

    // Each direction has one writer, so a plain add is enough; readers see a value that is at most a chunk old.
    public void Sent(int bytes, bool fromClient)
    {
        if (fromClient)
        {
            Volatile.Write(ref _bytesToBackend, _bytesToBackend + bytes);
        }
        else
        {
            if (_bytesToClient == 0)
            {
                _backend?.RecordSuccess();
                Layer4Telemetry.FirstByte(Activity);
            }

            Volatile.Write(ref _bytesToClient, _bytesToClient + bytes);
        }

        Touch();
    }

    /// <summary>Ends the connection at once: both peers see a reset, never an end that looks like success.</summary>
    public void Abort(CloseReason reason)
    {
        if (Interlocked.CompareExchange(ref _closeReason, (int)reason, -1) == -1)
        {
            Reset(client);
            if (Volatile.Read(ref _backendSocket) is { } socket)
            {
                Reset(socket);
            }

            // Last: whoever waits goes on at once and closes the sockets, which would be an end like any other.
            _aborted.Cancel();
        }
    }

    public ConnectionStatistics ToStatistics() => new(
        id,
        listener.Name,
        Layer4Protocol.Tcp,
        Layer4Mode.Relay,
        ClientAddress?.ToString() ?? "unknown",
        _pool?.Name,
        _backend?.Name,
        _backend?.Id,
        ServerName,
        _since,
        BytesToBackend,
        BytesToClient);

    private static IPEndPoint? Unmapped(IPEndPoint? address) =>
        address is { Address.IsIPv4MappedToIPv6: true } ? new(address.Address.MapToIPv4(), address.Port) : address;

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
