using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Selection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Accepts on one address: pick, connect, relay.</summary>
internal sealed partial class Layer4Listener
{
    private static readonly TimeSpan IdleSweep = TimeSpan.FromSeconds(1);

    // Handlers end within moments of an abort; should one not, the process must still be able to stop.
    private static readonly TimeSpan LongestAbort = TimeSpan.FromSeconds(5);

    private static long _lastId;

    private readonly string _name;
    private readonly ILogger _logger;
    private readonly IReadOnlyList<Socket> _sockets;
    private readonly ConcurrentDictionary<long, Layer4Connection> _connections = new();
    private readonly Timer _idleTimer;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ListenerSettings _settings;
    private volatile bool _stopping;
    private long _accepted;
    private long _refused;
    private long _closedBytesToBackend;
    private long _closedBytesToClient;

    public Layer4Listener(string name, ListenAddress address, IReadOnlyList<Socket> sockets, ListenerSettings settings, ILogger logger)
    {
        _name = name;
        Address = address;
        _sockets = sockets;
        _settings = settings;
        _logger = logger;
        EndPoints = [.. sockets.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];
        _idleTimer = new Timer(_ => CloseIdle(), null, IdleSweep, IdleSweep);
        foreach (var socket in sockets)
        {
            _ = AcceptAsync(socket);
        }

        Log.Listening(logger, name, string.Join(", ", EndPoints), settings.Pool.Name, settings.Policy.Kind);
    }

    public ListenAddress Address { get; }

    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    public ListenerSettings Settings
    {
        get => _settings;
        set => _settings = value;
    }

    public string Name => _name;

    public int Active => _connections.Count;

    public IEnumerable<Layer4Connection> Connections => _connections.Values;

    public long BytesToBackend => Volatile.Read(ref _closedBytesToBackend) + _connections.Values.Sum(connection => connection.BytesToBackend);

    public long BytesToClient => Volatile.Read(ref _closedBytesToClient) + _connections.Values.Sum(connection => connection.BytesToClient);

    public Layer4ListenerStatistics GetStatistics() => new(
        _name,
        [.. EndPoints.Select(endPoint => endPoint.ToString())],
        _settings.Pool.Name,
        _settings.Policy.Kind,
        Active,
        Volatile.Read(ref _accepted),
        Volatile.Read(ref _refused));

    /// <summary>Stops accepting, lets connections end by themselves, and ends those that are left after the time-out.</summary>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        _stopping = true;
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        if (!_connections.IsEmpty)
        {
            Log.Draining(_logger, _name, _connections.Count, drainTimeout.TotalSeconds);
            await Task.WhenAny(_idle.Task, Task.Delay(drainTimeout));
            foreach (var connection in _connections.Values)
            {
                connection.Abort(CloseReason.Shutdown);
            }

            // Their spans end with their handlers.
            await Task.WhenAny(_idle.Task, Task.Delay(LongestAbort));
        }

        await _idleTimer.DisposeAsync();
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
                Interlocked.Increment(ref _accepted);
                _ = HandleAsync(client);
            }
            catch (Exception exception) when (_stopping && exception is SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                // A client that gave up while it was queued, or no file descriptor left: the listener must live on.
                Log.AcceptFailed(_logger, _name, exception.SocketErrorCode);
                await Task.Delay(10);
            }
        }
    }

    private async Task HandleAsync(Socket client)
    {
        var settings = _settings;
        var connection = new Layer4Connection(Interlocked.Increment(ref _lastId), _name, client, settings.Options.IdleTimeout);
        _connections.TryAdd(connection.Id, connection);
        using var activity = LoadBalancerTelemetry.Source.StartActivity($"{_name} connection", ActivityKind.Server);
        try
        {
            client.NoDelay = true;
            var (backend, socket) = await ConnectAsync(connection, settings, activity);
            if (backend is null || socket is null)
            {
                return;
            }

            using (socket)
            {
                try
                {
                    connection.Connected(backend);
                    await TcpRelay.RunAsync(connection, socket);
                    if (connection.CloseReason == CloseReason.BackendReset)
                    {
                        settings.Pool.ReportFailure(backend, "reset");
                    }
                }
                finally
                {
                    settings.Pool.Release(backend);
                }
            }
        }
        catch (SocketException)
        {
            // The client was gone before its options could be set.
            connection.Abort(CloseReason.ClientReset);
        }
        // Nobody awaits a connection: what is not caught here would be lost.
        catch (Exception exception)
        {
            Log.Unexpected(_logger, exception, connection.Id, _name);
            connection.Abort(CloseReason.BackendReset);
        }
        finally
        {
            client.Dispose();
            Close(connection, settings, activity);
        }
    }

    private async Task<(Backend? Backend, Socket? Socket)> ConnectAsync(Layer4Connection connection, ListenerSettings settings, Activity? activity)
    {
        var clientHash = ClientHash.Of(connection.ClientAddress?.Address);
        Backend[] tried = [];
        for (var attempt = 1; attempt <= settings.Options.ConnectAttempts; attempt++)
        {
            var backend = settings.Pool.Pick(settings.Policy, clientHash, tried);
            if (backend is null)
            {
                break;
            }

            activity?.SetTag(LoadBalancerTelemetry.AttemptKey, attempt);
            var (socket, error) = await TryConnectAsync(connection, backend, settings.Options.ConnectTimeout);
            if (socket is not null)
            {
                activity?.AddEvent(new ActivityEvent("connected"));
                return (backend, socket);
            }

            settings.Pool.Release(backend);
            if (connection.IsAborted)
            {
                // The balancer stops; the backend has not failed.
                return default;
            }

            settings.Pool.ReportFailure(backend, error ?? "cannot be connected");
            activity?.AddEvent(new ActivityEvent("connect failed", tags: new() { [LoadBalancerTelemetry.ReplicaKey] = backend.Name, [LoadBalancerTelemetry.ReasonKey] = error }));
            Log.ConnectFailed(_logger, _name, backend, error, attempt, settings.Options.ConnectAttempts);
            tried = [.. tried, backend];
        }

        var reason = tried.Length == 0 ? CloseReason.NoBackend : CloseReason.ConnectFailed;
        Interlocked.Increment(ref _refused);
        Log.Refused(_logger, _name, connection.ClientAddress, settings.Pool.Name, reason);
        connection.Abort(reason);
        return default;
    }

    private static async Task<(Socket? Socket, string? Error)> TryConnectAsync(Layer4Connection connection, Backend backend, TimeSpan timeout)
    {
        // A host name may have addresses of both families; a socket without a family tries them all.
        var socket = backend.EndPoint is DnsEndPoint
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(backend.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var deadline = new CancellationTokenSource(timeout);
        try
        {
            connection.Connecting(socket);
            socket.NoDelay = true;
            await socket.ConnectAsync(backend.EndPoint, deadline.Token);
            return (socket, null);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            return (null, exception.SocketErrorCode.ToString());
        }
        catch (ObjectDisposedException)
        {
            return (null, "aborted");
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            return (null, string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalMilliseconds:0} ms"));
        }
    }

    private void Close(Layer4Connection connection, ListenerSettings settings, Activity? activity)
    {
        // First of all: when the last row is gone, the process may end.
        if (activity is not null)
        {
            Layer4Telemetry.Describe(activity, connection, settings, EndPoints[0]);
            activity.Stop();
        }

        // Added before the row goes, so that the sum of both never falls.
        Interlocked.Add(ref _closedBytesToBackend, connection.BytesToBackend);
        Interlocked.Add(ref _closedBytesToClient, connection.BytesToClient);
        _connections.TryRemove(connection.Id, out _);
        Layer4Telemetry.RecordClosed(_name, connection.CloseReason);
        Log.Closed(_logger, connection.Id, _name, connection.Backend, connection.BytesToBackend, connection.BytesToClient, connection.CloseReason);
        if (_stopping && _connections.IsEmpty)
        {
            _idle.TrySetResult();
        }
    }

    private void CloseIdle()
    {
        foreach (var connection in _connections.Values.Where(connection => connection.IsIdle))
        {
            connection.Abort(CloseReason.IdleTimeout);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(201, LogLevel.Information, "Listener {Listener}: listening on {Addresses}, pool {Pool}, policy {Policy}.")]
        public static partial void Listening(ILogger logger, string listener, string addresses, string pool, SelectionPolicy policy);

        [LoggerMessage(202, LogLevel.Information, "Listener {Listener}: stopped accepting; {Connections} connections have {Seconds} s to end.")]
        public static partial void Draining(ILogger logger, string listener, int connections, double seconds);

        [LoggerMessage(203, LogLevel.Warning, "Listener {Listener}: accepting failed: {Error}.")]
        public static partial void AcceptFailed(ILogger logger, string listener, SocketError error);

        [LoggerMessage(204, LogLevel.Debug, "Listener {Listener}: backend {Backend} cannot be connected: {Error} (attempt {Attempt} of {Attempts}).")]
        public static partial void ConnectFailed(ILogger logger, string listener, Backend backend, string? error, int attempt, int attempts);

        [LoggerMessage(205, LogLevel.Debug, "Listener {Listener}: connection of {Client} refused, pool {Pool}: {Reason}.")]
        public static partial void Refused(ILogger logger, string listener, IPEndPoint? client, string pool, CloseReason reason);

        [LoggerMessage(207, LogLevel.Error, "Connection {Id} of listener {Listener} failed.")]
        public static partial void Unexpected(ILogger logger, Exception exception, long id, string listener);

        [LoggerMessage(206, LogLevel.Debug, "Connection {Id} of listener {Listener} to {Backend} closed: {ToBackend} bytes there, {ToClient} bytes back, {Reason}.")]
        public static partial void Closed(ILogger logger, long id, string listener, Backend? backend, long toBackend, long toClient, CloseReason reason);
    }
}
