using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer4.Nat;
using LoadBalancer.Layer4.Tcp;
using LoadBalancer.Layer4.Udp;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4;

/// <summary>All Layer 4 listeners of the process.</summary>
public sealed partial class Layer4Balancer : IAsyncDisposable
{
    private const int MostRows = 1000;

    private readonly BackendPools _pools;
    private readonly ILogger<Layer4Balancer> _logger;
    private readonly ConcurrentDictionary<Layer4Listener, Layer4Listener> _draining = new();
    private readonly Lock _counting = new();
    private readonly Dictionary<string, ListenerTotals> _totalsBefore = new(StringComparer.OrdinalIgnoreCase);
    private NatSystem? _nat;
    private volatile ImmutableDictionary<string, Layer4Listener> _listeners = ImmutableDictionary<string, Layer4Listener>.Empty;

    /// <summary>Creates the balancer, with no listeners yet.</summary>
    /// <param name="pools">Where backends are.</param>
    /// <param name="logger">Gets a line for each listener and each refusal.</param>
    public Layer4Balancer(BackendPools pools, ILogger<Layer4Balancer> logger)
    {
        _pools = pools;
        _logger = logger;
        Instruments.ObserveConnections(
            () => Measure(All, listener => listener.Active), () => MeasureTotals(totals => totals.Accepted), MeasureRefusals, MeasureBytes);
        Instruments.ObserveQueues(() => Measure(All, listener => listener.Queued));
        LoadBalancerTelemetry.Meter.CreateObservableUpDownCounter(
            "lb.connection.draining", () => Measure(_draining.Keys, listener => listener.Active), "{connection}", "Connections and sessions of listeners that were removed or changed, which may end, by listener.");
    }

    /// <summary>Binds the addresses that are new in the options, and changes nothing else: a port that is taken is found before anything is given up.</summary>
    /// <param name="options">Valid options.</param>
    /// <returns>What <see cref="Apply"/> takes.</returns>
    /// <exception cref="ListenException">An address cannot be bound, or what NAT mode needs is missing.</exception>
    public PreparedListeners Prepare(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var prepared = new PreparedListeners(options);
        try
        {
            PrepareNat(options);
            foreach (var (name, listener) in options.Layer4.Listeners)
            {
                ListenAddress.TryParse(listener.Address, out var address);
                if (FindRunning(name, address, listener, prepared) is { } running)
                {
                    prepared.Kept.Add(name, running);
                }
                else
                {
                    prepared.Opened.Add(name, new(address, ListenSocket.Open($"LoadBalancer:Layer4:Listeners:{name}:Address", address, listener)));
                }
            }

            return prepared;
        }
        catch (ListenException)
        {
            prepared.Dispose();
            throw;
        }
    }

    /// <summary>Makes the listeners those of the options. Listeners that stay take new settings for new connections; those that go drain.</summary>
    /// <param name="prepared">Options whose pools exist, and their new addresses.</param>
    public void Apply(PreparedListeners prepared)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        var before = _listeners;
        var after = ImmutableDictionary.CreateBuilder<string, Layer4Listener>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, options) in prepared.Options.Layer4.Listeners)
        {
            var running = prepared.Kept.GetValueOrDefault(name);
            var settings = ListenerSettings.Create(options, prepared.Options.DrainTimeout, _pools, running?.Settings);
            if (running is not null)
            {
                (running.Name, running.Settings) = (name, settings);
                after.Add(name, running);
            }
            else
            {
                var listener = Open(name, prepared.Opened[name], settings);
                after.Add(name, listener);
                Log.Listening(_logger, name, listener.Protocol, listener.Mode, string.Join(", ", listener.EndPoints), settings.Pool?.Name, settings.Pool is { } pool ? settings.PolicyFor(pool).Kind : null);
            }
        }

        var left = before.Values.Except(after.Values).ToArray();
        foreach (var gone in left)
        {
            // Before it is no listener any more: its connections must not be missing from the table, not even for a moment.
            _draining.TryAdd(gone, gone);
        }

        _listeners = after.ToImmutable();
        // The listeners have the sockets now: disposing what was prepared must not close them.
        prepared.Opened.Clear();
        foreach (var gone in left)
        {
            _ = DrainAsync(gone, prepared.Options.DrainTimeout);
        }
    }

    /// <summary>Stops accepting and drains.</summary>
    /// <param name="drainTimeout">Time after which connections that are left are reset.</param>
    /// <returns>Ends when no connection is left.</returns>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        await Task.WhenAll(All.Select(listener => listener.StopAsync(drainTimeout)));
        await DisposeAsync();
    }

    /// <summary>Lets go of what the process has outside itself, also where the start did not come to an end.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await (Interlocked.Exchange(ref _nat, null)?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        catch (NatException exception)
        {
            Log.NatTableLeft(_logger, exception.Message);
        }
    }

    /// <summary>Says what the listeners are doing.</summary>
    /// <param name="withConnections">Whether to add the connection table, which costs the more the longer it is.</param>
    /// <returns>A copy of the figures at this moment.</returns>
    public Layer4Statistics GetStatistics(bool withConnections = true)
    {
        var listeners = _listeners.Values.OrderBy(listener => listener.Name, StringComparer.Ordinal);
        return new(
            [.. listeners.Select(listener => listener.GetStatistics())],
            withConnections ? [.. Connections.OrderBy(connection => connection.Id).Take(MostRows)] : []);
    }

    /// <summary>Makes the listeners' counters begin anew: connections and sessions accepted and refused, and bytes.</summary>
    public void ResetStatistics()
    {
        foreach (var listener in All)
        {
            listener.ResetStatistics();
        }
    }

    /// <summary>The connection table, in no order: connections, sessions, and those of listeners that drain.</summary>
    public IEnumerable<ConnectionStatistics> Connections => All.SelectMany(listener => listener.Connections);

    /// <summary>Closes a connection or session at once: TCP peers see a reset.</summary>
    /// <param name="id">Its number in the connection table.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryClose(long id) => All.Any(listener => listener.TryClose(id));

    /// <summary>Finds a listener that could not go on if a pool had another policy: in NAT mode the kernel picks, and it does not know all of them.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="policy">The policy.</param>
    /// <returns>The listener's name; null when there is none.</returns>
    public string? FindObjection(BackendPool pool, SelectionPolicy policy) => _listeners.Values
        .FirstOrDefault(listener => listener is { Mode: Layer4Mode.Nat, Settings.OwnPolicy: null } && listener.Settings.Pool == pool && !NatSlots.CanBe(policy))?.Name;

    private IEnumerable<Layer4Listener> All => _listeners.Values.Union(_draining.Keys);

    // A listener is known by its name, and where it was renamed by its address.
    private Layer4Listener? FindRunning(string name, ListenAddress address, Layer4ListenerOptions options, PreparedListeners prepared)
    {
        if (_listeners.TryGetValue(name, out var sameName) && sameName.IsFor(address, options) && !prepared.Kept.ContainsValue(sameName))
        {
            return sameName;
        }

        return address.Port == 0 ? null : _listeners.Values.FirstOrDefault(running =>
            running.IsFor(address, options) && !prepared.Kept.ContainsValue(running));
    }

    // The first listener in NAT mode brings this process's table; it stays until the process stops.
    private void PrepareNat(LoadBalancerOptions options)
    {
        if (_nat is not null || options.Layer4.Listeners.FirstOrDefault(listener => listener.Value.Mode == Layer4Mode.Nat).Key is not { } first)
        {
            return;
        }

        try
        {
            _nat = Task.Run(() => NatSystem.StartAsync(options.Name)).GetAwaiter().GetResult();
        }
        catch (NatException exception)
        {
            throw new ListenException($"LoadBalancer:Layer4:Listeners:{first}:Mode: {exception.Message}", exception);
        }
    }

    private Layer4Listener Open(string name, PreparedListeners.OpenAddress open, ListenerSettings settings) => settings.Options switch
    {
        { Mode: Layer4Mode.Nat } => new NatListener(name, open.Address, open.Sockets, settings, _nat!, _logger),
        { Protocol: Layer4Protocol.Udp } => new UdpRelayListener(name, open.Address, open.Sockets, settings, _logger),
        _ => new TcpRelayListener(name, open.Address, open.Sockets, settings, _logger),
    };

    private async Task DrainAsync(Layer4Listener gone, TimeSpan drainTimeout)
    {
        await gone.StopAsync(drainTimeout);
        lock (_counting)
        {
            _totalsBefore[gone.Name] = ListenerTotals.Of(gone) + _totalsBefore.GetValueOrDefault(gone.Name);
            _draining.TryRemove(gone, out _);
        }
    }

    private static IEnumerable<Measurement<long>> Measure(IEnumerable<Layer4Listener> listeners, Func<Layer4Listener, long> figure) =>
        listeners.GroupBy(listener => listener.Name, StringComparer.OrdinalIgnoreCase)
            .Select(same => Instruments.Of(same.Sum(figure), LoadBalancerTelemetry.ListenerKey, same.Key));

    private IEnumerable<Measurement<long>> MeasureTotals(Func<ListenerTotals, long> figure) =>
        Totals().Select(pair => Instruments.Of(figure(pair.Value), LoadBalancerTelemetry.ListenerKey, pair.Key));

    private IEnumerable<Measurement<long>> MeasureRefusals() =>
        from pair in Totals()
        from refused in pair.Value.Refused
        select new Measurement<long>(refused.Value, new(LoadBalancerTelemetry.ListenerKey, pair.Key), new(LoadBalancerTelemetry.ReasonKey, refused.Key));

    private IEnumerable<Measurement<long>> MeasureBytes() => Totals().SelectMany(pair => new[]
    {
        new Measurement<long>(pair.Value.BytesToBackend, new(LoadBalancerTelemetry.ListenerKey, pair.Key), new(LoadBalancerTelemetry.DirectionKey, LoadBalancerTelemetry.ToBackend)),
        new Measurement<long>(pair.Value.BytesToClient, new(LoadBalancerTelemetry.ListenerKey, pair.Key), new(LoadBalancerTelemetry.DirectionKey, LoadBalancerTelemetry.ToClient)),
    });

    // A counter must not fall, so what listeners of the same name did before they went counts on.
    private Dictionary<string, ListenerTotals> Totals()
    {
        lock (_counting)
        {
            var totals = new Dictionary<string, ListenerTotals>(_totalsBefore, _totalsBefore.Comparer);
            foreach (var listener in All)
            {
                totals[listener.Name] = ListenerTotals.Of(listener) + totals.GetValueOrDefault(listener.Name);
            }

            return totals;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(268, LogLevel.Error, "The nft table is left behind: {Error}.")]
        public static partial void NatTableLeft(ILogger logger, string error);

        [LoggerMessage(201, LogLevel.Information, "Listener {Listener}: {Protocol} {Mode} on {Addresses}, pool {Pool}, policy {Policy}.")]
        public static partial void Listening(ILogger logger, string listener, Layer4Protocol protocol, Layer4Mode mode, string addresses, string? pool, SelectionPolicy? policy);
    }
}
