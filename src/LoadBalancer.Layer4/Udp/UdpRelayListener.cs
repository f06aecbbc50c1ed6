using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer4.Guards;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4.Udp;

/// <summary>Receives datagrams on one address and finds the session of each: the client's first opens one.</summary>
internal sealed partial class UdpRelayListener : Layer4Listener
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    // A client that has its reply and is silent for so long does not hold up the end.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    // Time in which a client that was told nothing asks again.
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(60);

    // After so many datagrams without a pause other work of the thread pool has its turn.
    private const int MostAtOnce = 256;

    // An address is read through one of its family.
    private static readonly IPEndPoint AnyIPv4 = new(IPAddress.Any, 0);
    private static readonly IPEndPoint AnyIPv6 = new(IPAddress.IPv6Any, 0);

    private readonly ILogger _logger;
    private readonly IReadOnlyList<DatagramSocket> _sockets;
    private readonly ConcurrentDictionary<SocketAddress, UdpSession> _sessions = new();
    private readonly ConcurrentDictionary<SocketAddress, Failure> _failures = new();
    private readonly BackendAddresses _addresses = new();
    private readonly ConnectionGate _gate = new();
    private readonly Timer _sweeper;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;
    private volatile bool _stopped;
    private long _closedBytesToBackend;
    private long _closedBytesToClient;

    public UdpRelayListener(string name, ListenAddress address, IReadOnlyList<Socket> sockets, ListenerSettings settings, ILogger logger)
        : base(name, address, settings)
    {
        _sockets = [.. sockets.Select(socket => new DatagramSocket(socket))];
        _logger = logger;
        EndPoints = [.. _sockets.Select(socket => socket.EndPoint)];
        _sweeper = new Timer(_ => SweepSessions(), null, Sweep, Sweep);
        foreach (var socket in _sockets)
        {
            _ = Task.Run(() => ReceiveAsync(socket));
        }
    }

    public override Layer4Protocol Protocol => Layer4Protocol.Udp;

    public override Layer4Mode Mode => Layer4Mode.Relay;

    public override IReadOnlyList<IPEndPoint> EndPoints { get; }

    public override int Active => _sessions.Count;

    public override IEnumerable<ConnectionStatistics> Connections => _sessions.Values.Select(session => session.ToStatistics());

    public override long BytesToBackend => Volatile.Read(ref _closedBytesToBackend) + _sessions.Values.Sum(session => session.BytesToBackend);

    public override long BytesToClient => Volatile.Read(ref _closedBytesToClient) + _sessions.Values.Sum(session => session.BytesToClient);

    public static IPEndPoint EndPointOf(SocketAddress client)
    {
        var address = (IPEndPoint)(client.Family == AddressFamily.InterNetwork ? AnyIPv4 : AnyIPv6).Create(client);
        return address.Address.IsIPv4MappedToIPv6 ? new(address.Address.MapToIPv4(), address.Port) : address;
    }

    public override bool TryClose(long id)
    {
        var session = _sessions.Values.FirstOrDefault(session => session.Id == id);
        return session is not null && End(session, CloseReason.Command);
    }

    public override async Task StopAsync(TimeSpan drainTimeout)
    {
        _stopping = true;
        // Whoever opens a session looks afterwards whether the listener stops; one of the two sees the other.
        Interlocked.MemoryBarrier();
        foreach (var socket in _sockets)
        {
            socket.AllowSuccessor();
        }

        if (!_sessions.IsEmpty)
        {
            Log.Draining(_logger, Name, _sessions.Count, drainTimeout.TotalSeconds);
            await Task.WhenAny(_idle.Task, Task.Delay(drainTimeout));
            foreach (var session in _sessions.Values)
            {
                End(session, CloseReason.Shutdown);
            }
        }

        _stopped = true;
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await _sweeper.DisposeAsync();
    }

    /// <summary>Ends a session.</summary>
    /// <returns>Whether it is this call that ended it.</returns>
    public bool End(UdpSession session, CloseReason reason)
    {
        if (!session.TryEnd(reason))
        {
            return false;
        }

        Close(session);
        return true;
    }

    /// <summary>Ends a session whose backend cannot be reached, and counts the failure.</summary>
    public void Fail(UdpSession session, SocketError error)
    {
        if (!session.TryEnd(CloseReason.BackendReset))
        {
            return;
        }

        var backend = session.Backend!;
        Log.BackendFailed(_logger, Name, session.Id, backend, error);
        _addresses.Refused(backend, session.BackendAddress);
        if (_failures.Count < Layer4ListenerOptions.DefaultMaxSessions)
        {
            _failures[session.Client] = new(backend, Environment.TickCount64);
        }

        session.Pool.ReportFailure(backend, error.ToString());
        Close(session);
    }

    public void ReplyLost(UdpSession session, int length) => Log.ReplyLost(_logger, Name, length, session.ClientAddress);

    private async Task ReceiveAsync(DatagramSocket socket)
    {
        // A session is a trace of its own, whatever opened its listener.
        Activity.Current = null;
        var buffer = GC.AllocateUninitializedArray<byte>(UdpSession.LongestDatagram, pinned: true);
        var client = socket.CreateAddress();
        var atOnce = 0;
        while (!_stopped)
        {
            try
            {
                var isReceived = socket.TryReceive(buffer, client, out var length);
                if (!isReceived)
                {
                    var receiving = socket.ReceiveAsync(buffer, client, out isReceived);
                    atOnce = receiving.IsCompleted ? atOnce : 0;
                    length = await receiving;
                }

                if (isReceived)
                {
                    Relay(socket, client, buffer.AsSpan(0, length));
                }

                if (++atOnce >= MostAtOnce)
                {
                    atOnce = 0;
                    await Task.Yield();
                }
            }
            catch (Exception exception) when (_stopped && exception is SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                // Whatever it was, the listener must live on for the other clients.
                Log.ReceiveFailed(_logger, Name, exception.SocketErrorCode);
                await Task.Delay(1);
            }
            // Nobody awaits the loop: what is not caught here would be lost.
            catch (Exception exception)
            {
                Log.Unexpected(_logger, exception, Name);
                await Task.Delay(1);
            }
        }
    }

    private void Relay(DatagramSocket socket, SocketAddress client, ReadOnlySpan<byte> datagram)
    {
        if (_sessions.TryGetValue(client, out var session))
        {
            if (session.HasLostBackend)
            {
                End(session, CloseReason.BackendReset);
            }
            else if (session.TryRelay(datagram))
            {
                return;
            }
        }

        Open(socket, client, datagram);
    }

    private void Open(DatagramSocket socket, SocketAddress client, ReadOnlySpan<byte> datagram)
    {
        var settings = Settings;
        if ((_stopping ? CloseReason.Shutdown : Refusal(settings, client)) is { } refusal)
        {
            Refuse(EndPointOf(client), settings.Pool, refusal);
            return;
        }

        var key = new SocketAddress(client.Family, client.Size);
        client.Buffer.Span[..client.Size].CopyTo(key.Buffer.Span);
        var session = new UdpSession(NextId(), this, socket, key, settings, settings.Pool!);
        CountAccepted();
        _sessions[key] = session;
        if (_stopping)
        {
            End(session, CloseReason.Shutdown);
            return;
        }

        _ = ConnectAsync(session, settings);
        session.TryRelay(datagram);
    }

    private CloseReason? Refusal(ListenerSettings settings, SocketAddress client) =>
        settings.Guard.Check(EndPointOf(client).Address) is { } refusal ? refusal
        : _gate.TryEnter(settings.Options) ? null
        : CloseReason.AtCapacity;

    private async Task ConnectAsync(UdpSession session, ListenerSettings settings)
    {
        session.Activity = Layer4Telemetry.Start(SpanName);
        // The session outlives this call, and what it does later is not part of what comes after this call.
        Activity.Current = null;
        try
        {
            await TryConnectAsync(session, settings);
        }
        // Nobody awaits it: what is not caught here would be lost.
        catch (Exception exception)
        {
            Log.Unexpected(_logger, exception, Name);
            End(session, CloseReason.ConnectFailed);
        }
    }

    private async Task TryConnectAsync(UdpSession session, ListenerSettings settings)
    {
        var pool = session.Pool;
        var failed = _failures.TryRemove(session.Client, out var failure) ? failure.Backend : null;
        Backend[] tried = [];
        for (var attempt = 1; attempt <= settings.Options.ConnectAttempts; attempt++)
        {
            if (Pick(session, settings, tried, failed) is not { } backend)
            {
                var isFull = pool.Snapshot.Available.ContainsAnyExcept(tried);
                Refuse(session, isFull ? CloseReason.AtCapacity : tried.Length == 0 ? CloseReason.NoBackend : CloseReason.ConnectFailed);
                return;
            }

            Layer4Telemetry.Attempted(session.RecordedActivity, Name, attempt);
            if (pool.FaultsOf(backend) is { Refuse: true })
            {
                pool.Release(backend);
                Refuse(session, CloseReason.Fault);
                return;
            }

            var (socket, error) = await OpenSocketAsync(backend, settings.Options.ConnectTimeout);
            if (socket is not null)
            {
                Layer4Telemetry.Connected(session.RecordedActivity, backend);
                if (!session.TryConnect(backend, socket))
                {
                    socket.Dispose();
                    pool.Release(backend);
                }

                return;
            }

            if (error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                // The balancer's own limit says nothing of the backend.
                pool.Release(backend);
                Refuse(session, CloseReason.AtCapacity);
                return;
            }

            // Before it is given back, as over TCP: others may wait for room in the same pool.
            pool.ReportFailure(backend, error.ToString());
            pool.Release(backend);
            Layer4Telemetry.ConnectFailed(session.RecordedActivity, backend, error.ToString());
            Log.BackendFailed(_logger, Name, session.Id, backend, error);
            tried = [.. tried, backend];
        }

        Refuse(session, CloseReason.ConnectFailed);
    }

    /// <summary>Picks a backend, the one that just failed this client only when there is no other.</summary>
    private static Backend? Pick(UdpSession session, ListenerSettings settings, Backend[] tried, Backend? failed)
    {
        var pool = session.Pool;
        Backend[] avoided = failed is null ? tried : [.. tried, failed];
        if (settings.TakeRemembered(pool, session.ClientAddress, avoided) is { } known)
        {
            return known;
        }

        var policy = settings.PolicyFor(pool);
        var key = settings.KeyOf(policy, session.ClientAddress, null);
        var backend = pool.Pick(policy, key, avoided) ?? (failed is null ? null : pool.Pick(policy, key, tried));
        if (backend is not null)
        {
            settings.Remember(pool, session.ClientAddress, backend, avoided);
        }

        return backend;
    }

    private async ValueTask<(Socket? Socket, SocketError Error)> OpenSocketAsync(Backend backend, TimeSpan timeout)
    {
        Socket? socket = null;
        try
        {
            var address = await _addresses.FindAsync(backend, timeout);
            socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
            {
                Blocking = false,
                ReceiveBufferSize = DatagramSocket.BufferSize,
            };
            // Connected, it gets what this backend sends and nothing else, and is told when nobody listens there.
            socket.Connect(address);
            return (socket, SocketError.Success);
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            return (null, exception.SocketErrorCode);
        }
        catch (OperationCanceledException)
        {
            return (null, SocketError.TimedOut);
        }
    }

    private void Refuse(UdpSession session, CloseReason reason)
    {
        if (session.TryEnd(reason))
        {
            session.IsRefused = true;
            Refuse(session.ClientAddress, session.Pool, reason);
            Close(session);
        }
    }

    private void Refuse(IPEndPoint client, BackendPool? pool, CloseReason reason)
    {
        Refusals.Add(reason);
        Log.Refused(_logger, Name, client, pool?.Name, reason);
    }

    private void Close(UdpSession session)
    {
        // First of all: when the last row is gone, the process may end.
        if (session.RecordedActivity is { } recorded)
        {
            Layer4Telemetry.Describe(recorded, session);
        }

        session.Activity?.Stop();

        if (session.Backend is { } backend)
        {
            session.Pool.Release(backend);
        }

        // Added before the row goes, so that the sum of both never falls.
        Interlocked.Add(ref _closedBytesToBackend, session.BytesToBackend);
        Interlocked.Add(ref _closedBytesToClient, session.BytesToClient);
        if (!session.IsRefused)
        {
            Layer4Telemetry.RecordClosed(Name, session.CloseReason);
        }

        _gate.Leave();
        _sessions.TryRemove(new(session.Client, session));
        Log.Closed(_logger, session.Id, Name, session.Backend, session.BytesToBackend, session.BytesToClient, session.CloseReason);
        if (_stopping && _sessions.IsEmpty)
        {
            _idle.TrySetResult();
        }
    }

    private void SweepSessions()
    {
        foreach (var session in _sessions.Values)
        {
            if (session.IsIdle)
            {
                End(session, CloseReason.IdleTimeout);
            }
            else if (session.IsOverdue)
            {
                End(session, CloseReason.Drained);
            }
            else if (_stopping && session.IsAnswered && session.Silence > Silence)
            {
                End(session, CloseReason.Completed);
            }
        }

        foreach (var (client, failure) in _failures)
        {
            if (Environment.TickCount64 - failure.At > RetryTime.TotalMilliseconds)
            {
                _failures.TryRemove(new(client, failure));
            }
        }

        _addresses.Sweep();
        Settings.Affinity?.Sweep();
    }

    /// <summary>The backend that failed a client, and when.</summary>
    private readonly record struct Failure(Backend Backend, long At);

    private static partial class Log
    {
        [LoggerMessage(221, LogLevel.Information, "Listener {Listener}: takes no new sessions; {Sessions} sessions have {Seconds} s to end.")]
        public static partial void Draining(ILogger logger, string listener, int sessions, double seconds);

        [LoggerMessage(222, LogLevel.Debug, "Listener {Listener}: receiving failed: {Error}.")]
        public static partial void ReceiveFailed(ILogger logger, string listener, SocketError error);

        [LoggerMessage(223, LogLevel.Debug, "Listener {Listener}: session {Id} cannot reach backend {Backend}: {Error}.")]
        public static partial void BackendFailed(ILogger logger, string listener, long id, Backend backend, SocketError error);

        [LoggerMessage(224, LogLevel.Debug, "Listener {Listener}: session of {Client} refused, pool {Pool}: {Reason}.")]
        public static partial void Refused(ILogger logger, string listener, IPEndPoint client, string? pool, CloseReason reason);

        [LoggerMessage(225, LogLevel.Debug, "Session {Id} of listener {Listener} to {Backend} ended: {ToBackend} bytes there, {ToClient} bytes back, {Reason}.")]
        public static partial void Closed(ILogger logger, long id, string listener, Backend? backend, long toBackend, long toClient, CloseReason reason);

        [LoggerMessage(226, LogLevel.Error, "Listener {Listener}: a datagram failed.")]
        public static partial void Unexpected(ILogger logger, Exception exception, string listener);

        [LoggerMessage(227, LogLevel.Debug, "Listener {Listener}: a reply of {Length} bytes to {Client} could not be sent.")]
        public static partial void ReplyLost(ILogger logger, string listener, int length, IPEndPoint client);
    }
}
