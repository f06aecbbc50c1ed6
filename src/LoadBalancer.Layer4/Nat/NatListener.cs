using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4.Nat;

/// <summary>Keeps the kernel's rules of one address as its pool is. It sees no packet.</summary>
internal sealed partial class NatListener
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(200);

    private readonly NatSystem _system;
    private readonly NatProtocol _protocol;
    private readonly IReadOnlyList<Socket> _reserved;
    private readonly Func<long> _nextId;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // One token: changes that come while rules are written are written together.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly Dictionary<ConnectionKey, SeenConnection> _seen = [];
    private Task _following = Task.CompletedTask;
    private volatile NatListenerSettings _settings;
    private volatile NatService _service;
    private volatile ImmutableDictionary<IPEndPoint, Backend> _backends = ImmutableDictionary<IPEndPoint, Backend>.Empty;
    private ImmutableHashSet<string> _problems = [];
    private volatile ImmutableHashSet<IPEndPoint> _targets = [];
    private int _turn;

    private NatListener(string name, NatProtocol protocol, IReadOnlyList<Socket> reserved, NatListenerSettings settings, NatSystem system, Func<long> nextId, TimeProvider time, ILogger logger)
    {
        Name = name;
        EndPoints = [.. reserved.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];
        _protocol = protocol;
        _reserved = reserved;
        _settings = settings;
        _system = system;
        _nextId = nextId;
        _time = time;
        _logger = logger;
        _service = new(name, protocol, EndPoints, NatPick.InTurn, [], []);
    }

    /// <summary>The listener's name.</summary>
    public string Name { get; }

    /// <summary>Where clients connect.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>What it follows.</summary>
    public NatListenerSettings Settings => _settings;

    /// <summary>Where new connections go.</summary>
    public IReadOnlySet<IPEndPoint> Targets => _targets;

    /// <summary>Adds the listener's rules, and keeps them as the pool is from then on.</summary>
    /// <param name="name">The listener's name.</param>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="reserved">Sockets that are bound to its addresses and do not listen: nobody else takes the port while the kernel translates it.</param>
    /// <param name="settings">What it follows.</param>
    /// <param name="system">The table to be in.</param>
    /// <param name="nextId">Numbers connections.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets a line for every change.</param>
    /// <exception cref="NatException">nft refuses.</exception>
    public static async Task<NatListener> StartAsync(
        string name, NatProtocol protocol, IReadOnlyList<Socket> reserved, NatListenerSettings settings, NatSystem system, Func<long> nextId, TimeProvider time, ILogger logger)
    {
        var listener = new NatListener(name, protocol, reserved, settings, system, nextId, time, logger);
        await system.Table.ApplyAsync(NatRuleset.Add(system.Table.Name, listener._service));
        Log.Listening(logger, name, string.Join(", ", listener.EndPoints), protocol, system.Table.Name, settings.Pool.Name, settings.Policy);
        settings.Pool.Changed += listener.OnPoolChanged;
        listener._changes.Writer.TryWrite(true);
        listener._following = listener.FollowAsync();
        return listener;
    }

    /// <summary>Follows another pool or policy.</summary>
    /// <param name="settings">What to follow from now on.</param>
    public void Follow(NatListenerSettings settings)
    {
        _settings.Pool.Changed -= OnPoolChanged;
        _settings = settings;
        settings.Pool.Changed += OnPoolChanged;
        _changes.Writer.TryWrite(true);
    }

    /// <summary>Asks the kernel what it is doing.</summary>
    /// <exception cref="NatException">It cannot be asked.</exception>
    public async Task<NatStatistics> ReadAsync()
    {
        var counters = await _system.Table.ReadCountersAsync();
        await _reading.WaitAsync();
        try
        {
            var rows = ToRows(await ReadOpenAsync());
            var settings = _settings;
            return new(
                new(Name, [.. EndPoints.Select(endPoint => endPoint.ToString())], settings.Pool.Name, settings.Policy, rows.Length,
                    counters.GetValueOrDefault(NatRuleset.Accepted(_service)), counters.GetValueOrDefault(NatRuleset.Refusals(_service))),
                rows);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Refuses new connections, lets those that are open end, makes the kernel forget those that are left, and removes the rules.</summary>
    /// <param name="drainTimeout">Time that open connections get.</param>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        _settings.Pool.Changed -= OnPoolChanged;
        await _stopping.CancelAsync();
        await _following;
        try
        {
            await ApplyAsync(_service with { IPv4 = [], IPv6 = [] });
            await DrainAsync(drainTimeout);
            await _system.Table.ApplyAsync(NatRuleset.Remove(_system.Table.Name, _service));
        }
        catch (NatException exception)
        {
            Log.Failed(_logger, Name, exception.Message);
        }
        finally
        {
            foreach (var socket in _reserved)
            {
                socket.Dispose();
            }
        }
    }

    private void OnPoolChanged(BackendPool pool) => _changes.Writer.TryWrite(true);

    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                await _changes.Reader.ReadAsync(_stopping.Token);
                try
                {
                    await UpdateAsync();
                }
                catch (NatException exception)
                {
                    // The rules are what they were; what is wrong may pass.
                    Log.Failed(_logger, Name, exception.Message);
                    await Task.Delay(RetryDelay, _stopping.Token);
                    _changes.Writer.TryWrite(true);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        // Nobody waits for this before the listener stops: what is not caught here would be lost until then.
        catch (Exception exception)
        {
            Log.Unexpected(_logger, exception, Name);
        }
    }

    private async Task UpdateAsync()
    {
        var settings = _settings;
        var targets = NatTargets.Of(EndPoints, await ResolveAsync(settings.Pool.Snapshot.Available.ToArray()), _system.ReadKernel());
        Report(targets.Problems);
        _backends = _backends.SetItems(targets.IPv4.Concat(targets.IPv6).Select(target => KeyValuePair.Create(target.EndPoint, target.Backend)));
        var pick = NatSlots.PickOf(settings.Policy) ?? NatPick.InTurn;
        // What changed is looked for in the same turn: another turn of the same backends is no change.
        var after = _service with { Pick = pick, IPv4 = SlotsOf(targets.IPv4, pick), IPv6 = SlotsOf(targets.IPv6, pick) };
        if (after.Pick == _service.Pick && after.IPv4.SequenceEqual(_service.IPv4) && after.IPv6.SequenceEqual(_service.IPv6))
        {
            return;
        }

        _turn++;
        await ApplyAsync(after with { IPv4 = SlotsOf(targets.IPv4, pick), IPv6 = SlotsOf(targets.IPv6, pick) });
        var before = _targets;
        _targets = [.. targets.IPv4.Concat(targets.IPv6).Select(target => target.EndPoint)];
        Log.Updated(_logger, Name, string.Join(", ", _targets));
        if (_protocol == NatProtocol.Udp)
        {
            foreach (var gone in before.Except(_targets))
            {
                _ = ForgetAsync(gone, settings);
            }
        }
    }

    private IReadOnlyList<IPEndPoint> SlotsOf(IReadOnlyList<NatTarget> targets, NatPick pick)
    {
        var addresses = targets.ToDictionary(target => target.Backend, target => target.EndPoint);
        return [.. NatSlots.Of(pick, [.. addresses.Keys], _turn).Select(backend => addresses[backend])];
    }

    private async Task ApplyAsync(NatService service)
    {
        await _system.Table.ApplyAsync(NatRuleset.Update(_system.Table.Name, service));
        _service = service;
    }

    private async Task<IReadOnlyList<NatTarget>> ResolveAsync(Backend[] backends)
    {
        var targets = new List<NatTarget>();
        foreach (var backend in backends)
        {
            switch (backend.EndPoint)
            {
                case IPEndPoint endPoint:
                    targets.Add(new(backend, endPoint));
                    break;
                case DnsEndPoint name:
                    try
                    {
                        var addresses = await Dns.GetHostAddressesAsync(name.Host, _stopping.Token);
                        targets.AddRange(addresses.DistinctBy(address => address.AddressFamily).Select(address => new NatTarget(backend, new(address, name.Port))));
                    }
                    catch (SocketException exception)
                    {
                        Log.NotResolved(_logger, Name, backend, exception.Message);
                    }

                    break;
            }
        }

        return targets;
    }

    // A UDP client that never pauses would be kept at a backend that is gone for ever: there is no end that the kernel could see.
    private async Task ForgetAsync(IPEndPoint gone, NatListenerSettings settings)
    {
        try
        {
            if (_backends[gone].State != BackendState.Unhealthy)
            {
                await Task.Delay(settings.DrainTimeout, _time, _stopping.Token);
            }

            if (!_targets.Contains(gone))
            {
                await _system.Conntrack.ForgetAsync(_protocol, EndPoints[0].Port, gone);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping ends all connections.
        }
        catch (NatException exception)
        {
            Log.Failed(_logger, Name, exception.Message);
        }
    }

    private async Task DrainAsync(TimeSpan drainTimeout)
    {
        try
        {
            var started = _time.GetTimestamp();
            var open = await ReadOpenAsync();
            if (open.Length > 0)
            {
                Log.Draining(_logger, Name, open.Length, drainTimeout.TotalSeconds);
            }

            while (open.Length > 0 && _time.GetElapsedTime(started) < drainTimeout)
            {
                await Task.Delay(DrainPoll, _time);
                open = await ReadOpenAsync();
            }

            foreach (var backend in open.Select(entry => entry.Backend).Distinct())
            {
                await _system.Conntrack.ForgetAsync(_protocol, EndPoints[0].Port, backend);
            }
        }
        catch (NatException exception)
        {
            // Then they end when the rules do.
            Log.Failed(_logger, Name, exception.Message);
        }
    }

    private async Task<ConntrackEntry[]> ReadOpenAsync()
    {
        var backends = _backends;
        var entries = await _system.Conntrack.ReadAsync(_protocol, EndPoints[0].Port);
        return [.. entries.Where(entry => entry.IsOpen && backends.ContainsKey(entry.Backend) && EndPoints.Any(endPoint => StandsFor(endPoint, entry.Address)))];
    }

    private static bool StandsFor(IPEndPoint own, IPEndPoint address) =>
        own.Equals(address) || own.Address.Equals(IPAddress.Any) || own.Address.Equals(IPAddress.IPv6Any);

    // The kernel keeps no numbers and, unless told to, no times: a connection is as old as its first sight.
    private ConnectionStatistics[] ToRows(ConntrackEntry[] open)
    {
        var keys = new Dictionary<ConnectionKey, ConntrackEntry>();
        foreach (var entry in open)
        {
            // The table changes while it is read: an entry may be met twice.
            keys.TryAdd(new(entry.Client, entry.Address, entry.Backend), entry);
        }

        foreach (var gone in _seen.Keys.Where(key => !keys.ContainsKey(key)).ToArray())
        {
            _seen.Remove(gone);
        }

        return [.. keys.Select(pair =>
        {
            if (!_seen.TryGetValue(pair.Key, out var seen))
            {
                _seen.Add(pair.Key, seen = new(_nextId(), _time.GetUtcNow()));
            }

            return new ConnectionStatistics(
                seen.Id, Name, pair.Value.Client.ToString(), _backends[pair.Value.Backend].Name, pair.Value.Backend.ToString(), seen.Since, pair.Value.BytesToBackend ?? 0, pair.Value.BytesToClient ?? 0);
        }).OrderBy(row => row.Id)];
    }

    private void Report(IReadOnlyList<string> problems)
    {
        foreach (var problem in problems.Where(problem => !_problems.Contains(problem)))
        {
            Log.Problem(_logger, Name, problem);
        }

        _problems = [.. problems];
    }

    private readonly record struct ConnectionKey(IPEndPoint Client, IPEndPoint Address, IPEndPoint Backend);

    private sealed record SeenConnection(long Id, DateTimeOffset Since);

    private static partial class Log
    {
        [LoggerMessage(221, LogLevel.Information, "Listener {Listener}: the kernel translates {Addresses} ({Protocol}, nft table inet {Table}), pool {Pool}, policy {Policy}.")]
        public static partial void Listening(ILogger logger, string listener, string addresses, NatProtocol protocol, string table, string pool, SelectionPolicy policy);

        [LoggerMessage(222, LogLevel.Information, "Listener {Listener}: new connections go to [{Targets}].")]
        public static partial void Updated(ILogger logger, string listener, string targets);

        [LoggerMessage(223, LogLevel.Warning, "Listener {Listener}: {Problem}.")]
        public static partial void Problem(ILogger logger, string listener, string problem);

        [LoggerMessage(224, LogLevel.Error, "Listener {Listener}: {Error}.")]
        public static partial void Failed(ILogger logger, string listener, string error);

        [LoggerMessage(225, LogLevel.Warning, "Listener {Listener}: backend {Backend} is not used: {Error}.")]
        public static partial void NotResolved(ILogger logger, string listener, Backend backend, string error);

        [LoggerMessage(226, LogLevel.Information, "Listener {Listener}: new connections are refused; {Connections} have {Seconds} s to end.")]
        public static partial void Draining(ILogger logger, string listener, int connections, double seconds);

        [LoggerMessage(227, LogLevel.Error, "Listener {Listener} no longer follows its pool.")]
        public static partial void Unexpected(ILogger logger, Exception exception, string listener);
    }
}
