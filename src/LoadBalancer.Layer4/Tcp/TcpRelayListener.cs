using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer4.Guards;
using LoadBalancer.ProxyProtocol;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Accepts TCP connections on one address: admit, read what comes first, pick, connect, relay.</summary>
internal sealed partial class TcpRelayListener : Layer4Listener
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    // Handlers end within moments of an abort; should one not, the process must still be able to stop.
    private static readonly TimeSpan LongestAbort = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger;
    private readonly IReadOnlyList<Socket> _sockets;
    private readonly ConcurrentDictionary<long, Layer4Connection> _connections = new();
    private readonly ConnectionGate _gate = new();
    private readonly Timer _sweeper;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;
    private long _closedBytesToBackend;
    private long _closedBytesToClient;

    public TcpRelayListener(string name, ListenAddress address, IReadOnlyList<Socket> sockets, ListenerSettings settings, ILogger logger)
        : base(name, address, settings)
    {
        _sockets = sockets;
        _logger = logger;
        EndPoints = [.. sockets.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];
        _sweeper = new Timer(_ => SweepConnections(), null, Sweep, Sweep);
        foreach (var socket in sockets)
        {
            _ = AcceptAsync(socket);
        }
    }

    public override Layer4Protocol Protocol => Layer4Protocol.Tcp;

    public override Layer4Mode Mode => Layer4Mode.Relay;

    public override IReadOnlyList<IPEndPoint> EndPoints { get; }

    public override ListenerSettings Settings
    {
        set
        {
            base.Settings = value;
            _gate.Wake();
        }
    }

    public override int Active => _gate.Open;

    public override int Queued => _gate.Queued;

    public override IEnumerable<ConnectionStatistics> Connections => _connections.Values.Select(connection => connection.ToStatistics());

    public override long BytesToBackend => Volatile.Read(ref _closedBytesToBackend) + _connections.Values.Sum(connection => connection.BytesToBackend);

    public override long BytesToClient => Volatile.Read(ref _closedBytesToClient) + _connections.Values.Sum(connection => connection.BytesToClient);

    public override bool TryClose(long id)
    {
        if (!_connections.TryGetValue(id, out var connection))
        {
            return false;
        }

        connection.Abort(CloseReason.Command);
        return true;
    }

    public override async Task StopAsync(TimeSpan drainTimeout)
    {
        _stopping = true;
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        if (!_connections.IsEmpty)
        {
            Log.Draining(_logger, Name, _connections.Count, drainTimeout.TotalSeconds);
            await Task.WhenAny(_idle.Task, Task.Delay(drainTimeout));
            foreach (var connection in _connections.Values)
            {
                connection.Abort(CloseReason.Shutdown);
            }

            // Their spans end with their handlers.
            await Task.WhenAny(_idle.Task, Task.Delay(LongestAbort));
        }

        await _sweeper.DisposeAsync();
    }

    private async Task AcceptAsync(Socket socket)
    {
        // A connection is a trace of its own, whatever opened its listener.
        Activity.Current = null;
        while (!_stopping)
        {
            try
            {
                var client = await socket.AcceptAsync();
                CountAccepted();
                _ = HandleAsync(client);
            }
            catch (Exception exception) when (_stopping && exception is SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                // A client that gave up while it was queued, or no file descriptor left: the listener must live on.
                Log.AcceptFailed(_logger, Name, exception.SocketErrorCode);
                await Task.Delay(10);
            }
        }
    }

    private async Task HandleAsync(Socket client)
    {
        var settings = Settings;
        var connection = new Layer4Connection(NextId(), this, client, settings);
        _connections.TryAdd(connection.Id, connection);
        using var activity = Layer4Telemetry.Start(SpanName);
        connection.Activity = Layer4Telemetry.Recorded(activity);
        var isIn = false;
        try
        {
            // Before the queue: whoever may not come in must not take a place there. A proxy's client is known later.
            if (!IsTrustedProxy(connection, settings) && settings.Guard.Check(connection.PeerAddress?.Address) is { } denied)
            {
                Refuse(connection, denied);
                return;
            }

            connection.IsWaiting = true;
            var refusal = await _gate.EnterAsync(this, connection.Aborted);
            connection.IsWaiting = false;
            isIn = refusal is null;
            if (refusal is { } reason)
            {
                Refuse(connection, reason);
                return;
            }

            TcpOptions.Apply(client, settings.Options);
            await ServeAsync(connection, settings);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The client was gone before its options could be set, or while its first bytes were read.
            connection.Abort(CloseReason.ClientReset);
        }
        // Nobody awaits a connection: what is not caught here would be lost.
        catch (Exception exception)
        {
            Log.Unexpected(_logger, exception, connection.Id, Name);
            connection.Abort(CloseReason.BackendReset);
        }
        finally
        {
            client.Dispose();
            if (isIn)
            {
                _gate.Leave();
            }

            Close(connection, activity);
        }
    }

    private async Task ServeAsync(Layer4Connection connection, ListenerSettings settings)
    {
        using var preface = new Preface();
        if (await ReadFirstAsync(connection, settings, preface) is ({ } refusal, var problem))
        {
            Refuse(connection, refusal, problem);
            return;
        }

        connection.HasSentBytes = !preface.Bytes.IsEmpty;

        var (backend, socket) = await ConnectAsync(connection, settings, connection.Pool!);
        if (backend is null || socket is null)
        {
            return;
        }

        using (socket)
        {
            try
            {
                connection.Connected(backend);
                if (await TrySendProxyHeaderAsync(connection, socket))
                {
                    await TcpRelay.RunAsync(connection, socket, preface);
                }

                Judge(connection, backend);
            }
            finally
            {
                connection.Pool!.Release(backend);
            }
        }
    }

    /// <summary>Reads what a client must send first, and finds out where it goes.</summary>
    /// <returns>Why it is refused, and what exactly was wrong; nothing when it has a pool.</returns>
    private static async ValueTask<(CloseReason? Refusal, string? Problem)> ReadFirstAsync(Layer4Connection connection, ListenerSettings settings, Preface preface)
    {
        if (IsTrustedProxy(connection, settings))
        {
            var (header, error) = await preface.ReadProxyHeaderAsync(connection.Client, settings.Options.ProxyProtocol!.Timeout);
            if (header is null)
            {
                return (CloseReason.BadProxyHeader, error);
            }

            // Without a source it is the proxy's own connection, a health check perhaps, or a client it does not know.
            connection.ClientAddress = header.Source ?? connection.ClientAddress;
            connection.ServerAddress = header.Destination ?? connection.ServerAddress;
            connection.UniqueId = header.UniqueId;
            if (settings.Guard.Check(connection.ClientAddress?.Address) is { } refusal)
            {
                return (refusal, null);
            }
        }

        if (settings.TlsRoutes is not { } routes)
        {
            connection.Pool = settings.Pool;
            return default;
        }

        var (hello, reason) = await preface.ReadClientHelloAsync(connection.Client, settings.Options.HelloTimeout, settings.Options.MaxHelloSize);
        if (reason is not null)
        {
            return (CloseReason.BadClientHello, reason);
        }

        connection.ServerName = hello.ServerName;
        connection.Pool = routes.Find(hello.ServerName, hello.ApplicationProtocols) ?? settings.Pool;
        if (connection.Pool is null)
        {
            return (CloseReason.NoRoute, hello.ServerName ?? "no server name");
        }

        return default;
    }

    private static bool IsTrustedProxy(Layer4Connection connection, ListenerSettings settings) =>
        settings.TrustedProxies is { } trusted && connection.PeerAddress is { } peer && trusted.Contains(peer.Address);

    private async Task<(Backend? Backend, Socket? Socket)> ConnectAsync(Layer4Connection connection, ListenerSettings settings, BackendPool pool)
    {
        Backend[] tried = [];
        for (var attempt = 1; attempt <= settings.Options.ConnectAttempts; attempt++)
        {
            var (backend, failure) = await PickAsync(connection, settings, pool, tried);
            if (backend is null)
            {
                if (failure != PickFailure.NoBackend)
                {
                    Refuse(connection, failure == PickFailure.AtCapacity ? CloseReason.AtCapacity : CloseReason.QueueTimeout);
                    return default;
                }

                break;
            }

            Layer4Telemetry.Attempted(connection.Activity, Name, attempt);
            if (pool.FaultsOf(backend) is { Refuse: true })
            {
                pool.Release(backend);
                Refuse(connection, CloseReason.Fault);
                return default;
            }

            var since = TimeProvider.System.GetTimestamp();
            var (socket, error) = await TryConnectAsync(connection, backend, settings.Options);
            if (!connection.IsAborted)
            {
                // Not the time to the first byte, which is as much the client's: many protocols wait for a question.
                backend.RecordLatency(TimeProvider.System.GetElapsedTime(since));
            }

            if (socket is not null)
            {
                Layer4Telemetry.Connected(connection.Activity, backend);
                return (backend, socket);
            }

            if (connection.IsAborted)
            {
                // The balancer stops; the backend has not failed.
                pool.Release(backend);
                return default;
            }

            // Before it is given back: whoever waits for room must not get one that is about to be ejected.
            pool.ReportFailure(backend, error ?? "cannot be connected");
            pool.Release(backend);
            Layer4Telemetry.ConnectFailed(connection.Activity, backend, error);
            Log.ConnectFailed(_logger, Name, backend, error, attempt, settings.Options.ConnectAttempts);
            tried = [.. tried, backend];
        }

        Refuse(connection, tried.Length == 0 ? CloseReason.NoBackend : CloseReason.ConnectFailed);
        return default;
    }

    private static async ValueTask<PickResult> PickAsync(Layer4Connection connection, ListenerSettings settings, BackendPool pool, Backend[] tried)
    {
        if (settings.TakeRemembered(pool, connection.ClientAddress, tried) is { } known)
        {
            return new(known, PickFailure.None);
        }

        var policy = settings.PolicyFor(pool);
        connection.IsWaiting = true;
        var result = await pool.PickAsync(policy, settings.KeyOf(policy, connection.ClientAddress, connection.ServerName), tried, connection.Aborted);
        connection.IsWaiting = false;
        if (result.Backend is { } backend)
        {
            settings.Remember(pool, connection.ClientAddress, backend, tried);
        }

        return result;
    }

    private static async Task<(Socket? Socket, string? Error)> TryConnectAsync(Layer4Connection connection, Backend backend, Layer4ListenerOptions options)
    {
        Socket? socket = null;
        using var deadline = new CancellationTokenSource(options.ConnectTimeout);
        try
        {
            socket = backend.EndPoint switch
            {
                UnixDomainSocketEndPoint => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
                // A host name may have addresses of both families; a socket without a family tries them all.
                DnsEndPoint => new Socket(SocketType.Stream, ProtocolType.Tcp),
                _ => new Socket(backend.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp),
            };
            connection.Connecting(socket);
            TcpOptions.Apply(socket, options);
            await socket.ConnectAsync(backend.EndPoint, deadline.Token);
            return (socket, null);
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            return (null, exception.SocketErrorCode.ToString());
        }
        catch (ObjectDisposedException)
        {
            return (null, "aborted");
        }
        catch (OperationCanceledException)
        {
            socket?.Dispose();
            return (null, string.Create(CultureInfo.InvariantCulture, $"no answer within {options.ConnectTimeout.TotalMilliseconds:0} ms"));
        }
    }

    private static async ValueTask<bool> TrySendProxyHeaderAsync(Layer4Connection connection, Socket backend)
    {
        if (connection.Pool!.Options.SendProxyProtocol is ProxyProtocolVersion.None)
        {
            return true;
        }

        var header = ArrayPool<byte>.Shared.Rent(ProxyHeaderWriter.MaxLength);
        try
        {
            var length = ProxyHeaderWriter.Write(header, connection.Pool.Options.SendProxyProtocol, connection.ClientAddress, connection.ServerAddress, connection.UniqueId.Span);
            // So little fits into the buffer of a new connection at once.
            await backend.SendAsync(header.AsMemory(0, length));
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            connection.Abort(CloseReason.BackendReset);
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(header);
        }
    }

    // What breaks off before a first byte says more of the backend than of the connection.
    private static void Judge(Layer4Connection connection, Backend backend)
    {
        if (connection.CloseReason == CloseReason.BackendReset)
        {
            if (connection.BytesToClient == 0)
            {
                connection.Pool!.ReportFailure(backend, "reset before its first byte");
            }
            else
            {
                backend.RecordFailure();
                Instruments.RecordFailure(connection.Pool!.Name, backend);
            }
        }
        // Its first byte, if it sent any, was the success.
        else if (connection.CloseReason == CloseReason.Completed && connection.BytesToClient == 0)
        {
            backend.RecordSuccess();
        }
    }

    private void Refuse(Layer4Connection connection, CloseReason reason, string? problem = null)
    {
        if (!connection.IsAborted)
        {
            Refusals.Add(reason);
            connection.IsRefused = true;
            Log.Refused(_logger, Name, connection.ClientAddress, connection.Pool?.Name, reason, problem);
            connection.Abort(reason);
        }
    }

    private void Close(Layer4Connection connection, Activity? activity)
    {
        // First of all: when the last row is gone, the process may end.
        if (connection.Activity is { } recorded)
        {
            Layer4Telemetry.Describe(recorded, connection);
        }

        activity?.Stop();

        // Added before the row goes, so that the sum of both never falls.
        Interlocked.Add(ref _closedBytesToBackend, connection.BytesToBackend);
        Interlocked.Add(ref _closedBytesToClient, connection.BytesToClient);
        _connections.TryRemove(connection.Id, out _);
        if (!connection.IsRefused)
        {
            Layer4Telemetry.RecordClosed(Name, connection.CloseReason);
            Log.Closed(_logger, connection.Id, Name, connection.Backend, connection.BytesToBackend, connection.BytesToClient, connection.CloseReason);
        }

        if (_stopping && _connections.IsEmpty)
        {
            _idle.TrySetResult();
        }
    }

    private void SweepConnections()
    {
        foreach (var connection in _connections.Values)
        {
            if (connection.IsIdle)
            {
                connection.Abort(CloseReason.IdleTimeout);
            }
            else if (connection.IsOverdue)
            {
                connection.Abort(CloseReason.Drained);
            }
            else if (connection.IsGivenUp)
            {
                connection.Abort(CloseReason.ClientReset);
            }
        }

        Settings.Affinity?.Sweep();
    }

    private static partial class Log
    {
        [LoggerMessage(202, LogLevel.Information, "Listener {Listener}: stopped accepting; {Connections} connections have {Seconds} s to end.")]
        public static partial void Draining(ILogger logger, string listener, int connections, double seconds);

        [LoggerMessage(203, LogLevel.Warning, "Listener {Listener}: accepting failed: {Error}.")]
        public static partial void AcceptFailed(ILogger logger, string listener, SocketError error);

        [LoggerMessage(204, LogLevel.Debug, "Listener {Listener}: backend {Backend} cannot be connected: {Error} (attempt {Attempt} of {Attempts}).")]
        public static partial void ConnectFailed(ILogger logger, string listener, Backend backend, string? error, int attempt, int attempts);

        [LoggerMessage(205, LogLevel.Debug, "Listener {Listener}: connection of {Client} refused, pool {Pool}: {Reason} {Problem}")]
        public static partial void Refused(ILogger logger, string listener, IPEndPoint? client, string? pool, CloseReason reason, string? problem);

        [LoggerMessage(207, LogLevel.Error, "Connection {Id} of listener {Listener} failed.")]
        public static partial void Unexpected(ILogger logger, Exception exception, long id, string listener);

        [LoggerMessage(206, LogLevel.Debug, "Connection {Id} of listener {Listener} to {Backend} closed: {ToBackend} bytes there, {ToClient} bytes back, {Reason}.")]
        public static partial void Closed(ILogger logger, long id, string listener, Backend? backend, long toBackend, long toClient, CloseReason reason);
    }
}
