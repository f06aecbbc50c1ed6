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
internal sealed partial class NatListener : Layer4Listener
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    // Names are resolved again, and rules that somebody flushed are put back.
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(200);

    // Figures are asked for one by one, by people and by telemetry; the kernel is asked once for all of them.
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(2);

    private static long _lastNumber;

    private readonly NatSystem _system;
    private readonly IReadOnlyList<Socket> _reserved;
    private readonly ILogger _logger;

    // One token: changes that come while rules are written are written together.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly Dictionary<ConnectionKey, long> _ids = [];
    private readonly Timer _rechecks;
    private readonly Task _following;
    private readonly NatService _empty;
    private volatile NatService? _service;
    private volatile ImmutableDictionary<IPEndPoint, Backend> _backends = ImmutableDictionary<IPEndPoint, Backend>.Empty;
    private volatile ImmutableHashSet<IPEndPoint> _targets = [];
    private volatile Figures _figures = new([], 0, long.MinValue);
    private ImmutableHashSet<string> _problems = [];
    private int _turn;

    /// <summary>Adds the listener's rules, and keeps them as the pool is from then on.</summary>
    /// <param name="name">The listener's name.</param>
    /// <param name="address">Its address.</param>
    /// <param name="reserved">Sockets that are bound to it and do not listen: nobody else takes the port while the kernel translates it.</param>
    /// <param name="settings">What it follows; with a pool.</param>
    /// <param name="system">The table to be in.</param>
    /// <param name="logger">Gets a line for every change.</param>
    public NatListener(string name, ListenAddress address, IReadOnlyList<Socket> reserved, ListenerSettings settings, NatSystem system, ILogger logger)
        : base(name, address, settings)
    {
        EndPoints = [.. reserved.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];
        Protocol = settings.Options.Protocol;
        _reserved = reserved;
        _system = system;
        _logger = logger;
        _empty = new(name, Interlocked.Increment(ref _lastNumber), Protocol, EndPoints);
        Pool.Changed += OnPoolChanged;
        _rechecks = new Timer(_ => _changes.Writer.TryWrite(true), null, TimeSpan.Zero, Recheck);
        _following = Task.Run(FollowAsync);
    }

    /// <inheritdoc/>
    public override Layer4Protocol Protocol { get; }

    /// <inheritdoc/>
    public override Layer4Mode Mode => Layer4Mode.Nat;

    /// <inheritdoc/>
    public override IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <inheritdoc/>
    public override ListenerSettings Settings
    {
        get => base.Settings;
        set
        {
            Pool.Changed -= OnPoolChanged;
            base.Settings = value;
            Pool.Changed += OnPoolChanged;
            _changes.Writer.TryWrite(true);
        }
    }

    /// <inheritdoc/>
    public override int Active => Read().Rows.Length;

    /// <inheritdoc/>
    public override long Accepted => Read().Accepted;

    /// <summary>Bytes of the connections that are open: the kernel forgets those of the others.</summary>
    public override long BytesToBackend => Read().Rows.Sum(row => row.Entry.BytesToBackend ?? 0);

    /// <summary>Bytes of the connections that are open: the kernel forgets those of the others.</summary>
    public override long BytesToClient => Read().Rows.Sum(row => row.Entry.BytesToClient ?? 0);

    /// <inheritdoc/>
    public override IEnumerable<ConnectionStatistics> Connections
    {
        get
        {
            var backends = _backends;
            return Read().Rows.Select(row => new ConnectionStatistics(
                row.Id, Name, Protocol, Mode, row.Entry.Client.ToString(), Pool.Name, backends[row.Entry.Backend].Name, row.Entry.Backend.ToString(),
                ServerName: null, Since: null, row.Entry.BytesToBackend ?? 0, row.Entry.BytesToClient ?? 0));
        }
    }

    /// <summary>Where new connections go.</summary>
    public IReadOnlySet<IPEndPoint> Targets => _targets;

    /// <summary>The listener as its rules are now; null before they are in place.</summary>
    public NatService? Service => _service;

    private BackendPool Pool => Settings.Pool!;

    /// <inheritdoc/>
    public override bool TryClose(long id)
    {
        if (Read().Rows.FirstOrDefault(row => row.Id == id) is not { } found)
        {
            return false;
        }

        _ = ForgetAsync([found.Entry]);
        return true;
    }

    /// <inheritdoc/>
    public override async Task StopAsync(TimeSpan drainTimeout)
    {
        Pool.Changed -= OnPoolChanged;
        await _rechecks.DisposeAsync();
        await _stopping.CancelAsync();
        await _following;
        try
        {
            // What is open now is this listener's; what comes later on the same address is another's.
            var open = await ReadOpenAsync();
            if (_service is { } service)
            {
                await _system.Table.ApplyAsync(NatRuleset.Remove(_system.Table.Name, service));
            }

            foreach (var socket in _reserved)
            {
                socket.Dispose();
            }

            await DrainAsync(open, drainTimeout);
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
        var settings = Settings;
        var pool = settings.Pool!;
        var policy = settings.PolicyFor(pool).Kind;
        var targets = NatTargets.Of(EndPoints, await ResolveAsync(pool.Snapshot.Available.ToArray()), _system.ReadKernel());
        Report(targets.Problems);
        _backends = _backends.SetItems(targets.IPv4.Concat(targets.IPv6).Select(target => KeyValuePair.Create(target.EndPoint, target.Backend)));
        if (_service is { } rules && !await _system.Table.HasAsync(NatRuleset.Chain(rules)))
        {
            Log.Lost(_logger, Name, _system.Table.Name);
            await _system.Table.RestoreAsync();
            _service = null;
        }

        var service = ToService(settings, policy, targets);
        if (_service is { } running)
        {
            // Compared in the same turn: another turn of the same backends is no change.
            if (service.SaysTheSameAs(running))
            {
                return;
            }

            _turn++;
            service = ToService(settings, policy, targets);
            await _system.Table.ApplyAsync(NatRuleset.Update(_system.Table.Name, service));
        }
        else
        {
            await _system.Table.ApplyAsync(NatRuleset.Add(_system.Table.Name, service));
        }

        _service = service;
        var before = _targets;
        _targets = [.. targets.IPv4.Concat(targets.IPv6).Select(target => target.EndPoint)];
        Log.Updated(_logger, Name, _system.Table.Name, string.Join(", ", _targets));
        foreach (var gone in before.Except(_targets))
        {
            _ = LeaveAsync(gone, settings.DrainTimeout);
        }
    }

    private NatService ToService(ListenerSettings settings, SelectionPolicy policy, NatTargets targets) => _empty with
    {
        Pick = NatSlots.PickOf(policy),
        IPv4 = [.. NatSlots.Of(policy, targets.IPv4, _turn).Select(target => target.EndPoint)],
        IPv6 = [.. NatSlots.Of(policy, targets.IPv6, _turn).Select(target => target.EndPoint)],
        Allowed = ToNetworks(settings.Options.AllowedNetworks),
        Denied = ToNetworks(settings.Options.DeniedNetworks),
        Prefix = settings.Options.SourcePrefix,
    };

    private static IPNetwork[] ToNetworks(string[] networks) =>
        [.. networks.Select(text => Network.TryParse(text, out var network) ? network : throw new ArgumentException($"'{text}' is not a network", nameof(networks)))];

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
                        Log.NotUsed(_logger, Name, backend, exception.Message);
                    }

                    break;
                default:
                    Log.NotUsed(_logger, Name, backend, "it has no IP address");
                    break;
            }
        }

        return targets;
    }

    // A backend that drains keeps its connections until the time-out. One that is unhealthy keeps those of TCP, whose
    // peers find out for themselves; a UDP client that never pauses would be kept there for ever.
    private async Task LeaveAsync(IPEndPoint gone, TimeSpan drainTimeout)
    {
        try
        {
            var isDraining = _backends[gone].State == BackendState.Draining;
            if (isDraining)
            {
                await Task.Delay(drainTimeout, _stopping.Token);
            }

            if ((isDraining || Protocol == Layer4Protocol.Udp) && !_targets.Contains(gone))
            {
                await ForgetAsync([.. (await ReadOpenAsync()).Where(entry => entry.Backend.Equals(gone))]);
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

    private async Task ForgetAsync(IReadOnlyList<ConntrackEntry> entries)
    {
        try
        {
            await _system.Conntrack.ForgetAsync(entries);
        }
        catch (NatException exception)
        {
            Log.Failed(_logger, Name, exception.Message);
        }
    }

    private async Task DrainAsync(IReadOnlyList<ConntrackEntry> open, TimeSpan drainTimeout)
    {
        if (open.Count > 0)
        {
            Log.Draining(_logger, Name, open.Count, drainTimeout.TotalSeconds);
        }

        var own = open.Select(KeyOf).ToHashSet();
        var started = TimeProvider.System.GetTimestamp();
        _figures = _figures with { Rows = ToRows(open) };
        while (open.Count > 0 && TimeProvider.System.GetElapsedTime(started) < drainTimeout)
        {
            await Task.Delay(DrainPoll);
            open = [.. (await ReadOpenAsync()).Where(entry => own.Contains(KeyOf(entry)))];
            _figures = _figures with { Rows = ToRows(open) };
        }

        await ForgetAsync(open);
        _figures = _figures with { Rows = [] };
    }

    private async Task<IReadOnlyList<ConntrackEntry>> ReadOpenAsync()
    {
        var backends = _backends;
        if (backends.IsEmpty)
        {
            return [];
        }

        var entries = await _system.Conntrack.ReadAsync(Protocol, EndPoints[0].Port);
        return [.. entries.Where(entry => entry.IsOpen && backends.ContainsKey(entry.Backend) && EndPoints.Any(endPoint => StandsFor(endPoint, entry.Address)))];
    }

    private static bool StandsFor(IPEndPoint own, IPEndPoint address) =>
        own.Equals(address) || own.Address.Equals(IPAddress.Any) || own.Address.Equals(IPAddress.IPv6Any);

    // Who asks gets figures at most a second old, or the last ones where the kernel takes long.
    private Figures Read()
    {
        // Once it stops, the drain says what is left.
        if (_stopping.IsCancellationRequested || _figures.ReadAt + FreshFor.TotalMilliseconds > Environment.TickCount64)
        {
            return _figures;
        }

        Task.Run(RefreshAsync).Wait(LongestRead);
        return _figures;
    }

    private async Task RefreshAsync()
    {
        await _reading.WaitAsync();
        try
        {
            if (_service is not { } service || _figures.ReadAt + FreshFor.TotalMilliseconds > Environment.TickCount64)
            {
                return;
            }

            var counters = await _system.Table.ReadCountersAsync();
            Refusals.Set(CloseReason.NoBackend, counters.GetValueOrDefault(NatRuleset.WithoutBackend(service)));
            Refusals.Set(CloseReason.Denied, counters.GetValueOrDefault(NatRuleset.Denials(service)));
            _figures = new(ToRows(await ReadOpenAsync()), counters.GetValueOrDefault(NatRuleset.Accepted(service)), Environment.TickCount64);
        }
        catch (NatException exception)
        {
            Log.Failed(_logger, Name, exception.Message);
            _figures = _figures with { ReadAt = Environment.TickCount64 };
        }
        finally
        {
            _reading.Release();
        }
    }

    // The kernel does not number connections: they are numbered as they are first seen.
    private Row[] ToRows(IReadOnlyList<ConntrackEntry> open)
    {
        // The table changes while it is read: an entry may be met twice.
        var entries = open.DistinctBy(KeyOf).ToDictionary(KeyOf);
        foreach (var gone in _ids.Keys.Where(key => !entries.ContainsKey(key)).ToArray())
        {
            _ids.Remove(gone);
        }

        foreach (var key in entries.Keys)
        {
            if (!_ids.ContainsKey(key))
            {
                _ids.Add(key, NextId());
            }
        }

        return [.. entries.Select(pair => new Row(_ids[pair.Key], pair.Value)).OrderBy(row => row.Id)];
    }

    private static ConnectionKey KeyOf(ConntrackEntry entry) => new(entry.Client, entry.Address, entry.Backend);

    private void Report(IReadOnlyList<string> problems)
    {
        foreach (var problem in problems.Where(problem => !_problems.Contains(problem)))
        {
            Log.Problem(_logger, Name, problem);
        }

        _problems = [.. problems];
    }

    private readonly record struct ConnectionKey(IPEndPoint Client, IPEndPoint Address, IPEndPoint Backend);

    private sealed record Row(long Id, ConntrackEntry Entry);

    private sealed record Figures(Row[] Rows, long Accepted, long ReadAt);

    private static partial class Log
    {
        [LoggerMessage(261, LogLevel.Information, "Listener {Listener}: new connections go to [{Targets}] (nft table inet {Table}).")]
        public static partial void Updated(ILogger logger, string listener, string table, string targets);

        [LoggerMessage(267, LogLevel.Warning, "Listener {Listener}: its rules in nft table inet {Table} were removed by somebody else; they are put back.")]
        public static partial void Lost(ILogger logger, string listener, string table);

        [LoggerMessage(262, LogLevel.Warning, "Listener {Listener}: {Problem}.")]
        public static partial void Problem(ILogger logger, string listener, string problem);

        [LoggerMessage(263, LogLevel.Error, "Listener {Listener}: {Error}.")]
        public static partial void Failed(ILogger logger, string listener, string error);

        [LoggerMessage(264, LogLevel.Warning, "Listener {Listener}: backend {Backend} is not used: {Error}.")]
        public static partial void NotUsed(ILogger logger, string listener, Backend backend, string error);

        [LoggerMessage(265, LogLevel.Information, "Listener {Listener}: new connections are refused; {Connections} have {Seconds} s to end.")]
        public static partial void Draining(ILogger logger, string listener, int connections, double seconds);

        [LoggerMessage(266, LogLevel.Error, "Listener {Listener} no longer follows its pool.")]
        public static partial void Unexpected(ILogger logger, Exception exception, string listener);
    }
}
