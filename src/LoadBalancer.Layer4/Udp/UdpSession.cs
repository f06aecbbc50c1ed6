using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer4.Udp;

/// <summary>One client's datagrams to one backend, and its replies: a row of the connection table.</summary>
internal sealed class UdpSession : IRelayed, IThreadPoolWorkItem
{
    // The longest payload of IPv6, rounded up; that of IPv4 is 65,507 bytes.
    public const int LongestDatagram = 64 * 1024;

    // After so many replies without a pause other work of the thread pool has its turn.
    private const int MostAtOnce = 64;

    private readonly Lock _lock = new();
    private readonly DateTimeOffset _since = DateTimeOffset.UtcNow;
    private readonly UdpRelayListener _listener;
    private readonly DatagramSocket _clients;
    private readonly SocketAsyncEventArgs _readable = new(true) { SocketFlags = SocketFlags.Peek };
    private volatile Backend? _backend;
    private volatile Socket? _socket;
    private volatile DelayLine? _toBackend;
    private volatile DelayLine? _toClient;
    private volatile bool _isAnswered;
    private int _closeReason = -1;
    private long _bytesToBackend;
    private long _bytesToClient;
    private long _datagrams;
    private long _replies;
    private long _lastActivity = Environment.TickCount64;

    /// <param name="id">Its number in the connection table.</param>
    /// <param name="listener">Its listener.</param>
    /// <param name="clients">The socket that the client sent to, and gets replies from.</param>
    /// <param name="client">The client, as <paramref name="clients"/> gave it; kept.</param>
    /// <param name="settings">What the listener does with it: as it was when the session began.</param>
    /// <param name="pool">Where its backend comes from.</param>
    public UdpSession(long id, UdpRelayListener listener, DatagramSocket clients, SocketAddress client, ListenerSettings settings, BackendPool pool)
    {
        (Id, _listener, _clients, Client, Settings, Pool) = (id, listener, clients, client, settings, pool);
        ClientAddress = UdpRelayListener.EndPointOf(client);
        ServerAddress = clients.LocalOf(client);
        _readable.UserToken = this;
        _readable.Completed += static (_, readable) => ((UdpSession)readable.UserToken!).Read();
    }

    public long Id { get; }

    public string ListenerName => _listener.Name;

    /// <summary>The client, as its datagrams are found by.</summary>
    public SocketAddress Client { get; }

    public ListenerSettings Settings { get; }

    public BackendPool Pool { get; }

    public IPEndPoint ClientAddress { get; }

    /// <summary>Where the client sent to.</summary>
    public IPEndPoint ServerAddress { get; }

    /// <summary>Its span; null when nobody listens.</summary>
    public Activity? Activity { get; set; }

    /// <summary>Its span where it is sampled; null where nobody would read what is added.</summary>
    public Activity? RecordedActivity => Layer4Telemetry.Recorded(Activity);

    /// <summary>Whether it was refused, and why is its <see cref="CloseReason"/>.</summary>
    public bool IsRefused { get; set; }

    public Backend? Backend => _backend;

    /// <summary>The backend's address; null while it is looked up.</summary>
    public EndPoint? BackendAddress { get; private set; }

    public long BytesToBackend => Volatile.Read(ref _bytesToBackend);

    public long BytesToClient => Volatile.Read(ref _bytesToClient);

    public CloseReason CloseReason => (CloseReason)Volatile.Read(ref _closeReason);

    public bool HasEnded => Volatile.Read(ref _closeReason) >= 0;

    /// <summary>Whether its backend failed or left since: the next datagram begins another session.</summary>
    public bool HasLostBackend => _backend is { State: not (BackendState.Healthy or BackendState.SlowStart) } backend
        && (backend.State == BackendState.Draining ? backend.HasLeft : !Pool.Snapshot.CanPick(backend));

    /// <summary>Whether no datagram came for the time-out that was in force when the session began.</summary>
    public bool IsIdle => Silence > Settings.Options.IdleTimeoutOrDefault;

    /// <summary>Whether its backend has drained for longer than it may.</summary>
    public bool IsOverdue => _backend?.DrainingSince is { } since && TimeProvider.System.GetElapsedTime(since) > Settings.DrainTimeout;

    /// <summary>Whether the last datagram was a reply.</summary>
    public bool IsAnswered => _isAnswered;

    /// <summary>Time since the last datagram.</summary>
    public TimeSpan Silence => TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _lastActivity));

    private FaultOptions? Faults => Pool.FaultsOf(_backend);

    /// <summary>Gives it its backend, and lets out what came from the client before.</summary>
    /// <returns>False when it has ended already.</returns>
    public bool TryConnect(Backend backend, Socket socket)
    {
        DelayLine? waiting;
        lock (_lock)
        {
            if (HasEnded)
            {
                return false;
            }

            BackendAddress = socket.RemoteEndPoint;
            _backend = backend;
            _socket = socket;
            waiting = _toBackend;
        }

        waiting?.Open();
        Wait(socket);
        return true;
    }

    /// <summary>Ends it: nothing is sent any more.</summary>
    /// <returns>Whether it is this call that ended it.</returns>
    public bool TryEnd(CloseReason reason)
    {
        lock (_lock)
        {
            if (HasEnded)
            {
                return false;
            }

            Volatile.Write(ref _closeReason, (int)reason);
        }

        _socket?.Dispose();
        _readable.Dispose();
        return true;
    }

    /// <summary>Sends a client's datagram to the backend.</summary>
    /// <returns>False when the session ended before it was sent.</returns>
    public bool TryRelay(ReadOnlySpan<byte> datagram)
    {
        if (HasEnded)
        {
            return false;
        }

        Touch(isReply: false);
        var faults = Faults;
        if (faults is null && _socket is { } socket && _toBackend is not { IsEmpty: false })
        {
            return TrySend(socket, datagram);
        }

        if (faults is not { BlackHole: true })
        {
            LineToBackend().Add(datagram, faults);
        }

        return true;
    }

    /// <summary>Sends a datagram that was held back.</summary>
    public void SendNow(ReadOnlySpan<byte> datagram, bool toBackend)
    {
        if (HasEnded)
        {
            return;
        }

        if (toBackend)
        {
            TrySend(_socket!, datagram);
        }
        else
        {
            Reply(datagram);
        }
    }

    public ConnectionStatistics ToStatistics() => new(
        Id,
        _listener.Name,
        Layer4Protocol.Udp,
        Layer4Mode.Relay,
        ClientAddress.ToString(),
        Pool.Name,
        _backend?.Name,
        _backend?.Id,
        null,
        _since,
        BytesToBackend,
        BytesToClient);

    void IThreadPoolWorkItem.Execute() => Read();

    // Held back before there is a backend, the first datagrams wait for it there too.
    private DelayLine LineToBackend()
    {
        if (_toBackend is { } line)
        {
            return line;
        }

        lock (_lock)
        {
            return _toBackend ??= new DelayLine(this, toBackend: true, isOpen: _socket is not null);
        }
    }

    private bool TrySend(Socket socket, ReadOnlySpan<byte> datagram)
    {
        // Before it is sent: its reply may come at once, and must find that it was asked for.
        Count(1, datagram.Length);
        SocketError error;
        try
        {
            socket.Send(datagram, SocketFlags.None, out error);
        }
        catch (ObjectDisposedException)
        {
            Count(-1, -datagram.Length);
            return false;
        }

        if (error == SocketError.Success)
        {
            return true;
        }

        Count(-1, -datagram.Length);
        if (error is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable or SocketError.MessageSize)
        {
            // Lost, as anywhere on a datagram's way: no room, or too long for the backend's family.
            return true;
        }

        // What the kernel had to say of an earlier datagram; this one was not sent.
        _listener.Fail(this, error);
        return false;
    }

    private void Count(int datagrams, int bytes)
    {
        Interlocked.Add(ref _datagrams, datagrams);
        Interlocked.Add(ref _bytesToBackend, bytes);
    }

    // Waits without a buffer: a datagram that comes is left where it is until a buffer is rented. Thousands of idle
    // sessions must not hold 64 KiB each.
    private void Wait(Socket socket)
    {
        try
        {
            while (!socket.ReceiveAsync(_readable))
            {
                if (!ReadAvailable(socket))
                {
                    return;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The session has ended.
        }
    }

    private void Read()
    {
        if (_socket is { } socket && ReadAvailable(socket))
        {
            Wait(socket);
        }
    }

    /// <summary>Relays the replies that are there.</summary>
    /// <returns>Whether there will be something to wait for; false too when it goes on elsewhere.</returns>
    private bool ReadAvailable(Socket socket)
    {
        // Systems other than Linux complain that the datagram they show does not fit.
        if (_readable.SocketError is not (SocketError.Success or SocketError.MessageSize) and var failure)
        {
            _listener.Fail(this, failure);
            return false;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(LongestDatagram);
        try
        {
            for (var i = 0; i < MostAtOnce; i++)
            {
                var length = socket.Receive(buffer, SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock)
                {
                    return true;
                }

                if (error != SocketError.Success)
                {
                    _listener.Fail(this, error);
                    return false;
                }

                Touch(isReply: true);
                RelayReply(buffer.AsSpan(0, length));
                if (HasEnded)
                {
                    return false;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return false;
    }

    private void RelayReply(ReadOnlySpan<byte> datagram)
    {
        var faults = Faults;
        if (faults is null && _toClient is not { IsEmpty: false })
        {
            Reply(datagram);
        }
        else if (faults is not { BlackHole: true })
        {
            // One thread at a time reads.
            var line = _toClient ??= new DelayLine(this, toBackend: false, isOpen: true);
            line.Add(datagram, faults);
        }
    }

    private void Reply(ReadOnlySpan<byte> datagram)
    {
        if (Faults?.ResetAfterBytes is { } limit && BytesToClient + datagram.Length > limit)
        {
            _listener.End(this, CloseReason.Fault);
            return;
        }

        if (Volatile.Read(ref _replies) == 0)
        {
            _backend?.RecordSuccess();
            Layer4Telemetry.FirstByte(RecordedActivity);
        }

        if (_clients.TrySend(datagram, Client))
        {
            Interlocked.Add(ref _bytesToClient, datagram.Length);
        }
        else
        {
            _listener.ReplyLost(this, datagram.Length);
        }

        // Two questions from one port, as resolvers ask them, want two answers.
        var replies = Interlocked.Increment(ref _replies);
        if (Settings.Options.MaxReplies is { } most && replies >= Math.Max(most, Volatile.Read(ref _datagrams)))
        {
            _listener.End(this, CloseReason.Completed);
        }
    }

    private void Touch(bool isReply)
    {
        // Read first: it is the same most of the time.
        if (_isAnswered != isReply)
        {
            _isAnswered = isReply;
        }

        Volatile.Write(ref _lastActivity, Environment.TickCount64);
    }
}
