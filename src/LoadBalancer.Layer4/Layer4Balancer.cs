using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer4.Tcp;
using LoadBalancer.Selection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4;

/// <summary>All Layer 4 listeners of the process.</summary>
public sealed class Layer4Balancer
{
    private const int MostRows = 1000;

    private readonly BackendPools _pools;
    private readonly ILogger<Layer4Balancer> _logger;
    private readonly ConcurrentDictionary<Layer4Listener, Layer4Listener> _draining = new();
    private volatile ImmutableDictionary<string, Layer4Listener> _listeners = ImmutableDictionary<string, Layer4Listener>.Empty;

    /// <summary>Creates the balancer, with no listeners yet.</summary>
    /// <param name="pools">Where backends are.</param>
    /// <param name="logger">Gets a line for each listener and each refusal.</param>
    public Layer4Balancer(BackendPools pools, ILogger<Layer4Balancer> logger)
    {
        _pools = pools;
        _logger = logger;
        LoadBalancerTelemetry.Meter.CreateObservableUpDownCounter(
            "lb.connections.active", () => Measure(listener => listener.Active), "{connection}", "Connections open now, by listener.");
        LoadBalancerTelemetry.Meter.CreateObservableCounter("lb.io", MeasureBytes, "By", "Bytes relayed, by listener and direction.");
    }

    /// <summary>Binds the addresses that are new in the options, and changes nothing else: a port that is taken is found before anything is given up.</summary>
    /// <param name="options">Valid options.</param>
    /// <returns>What <see cref="Apply"/> takes.</returns>
    /// <exception cref="ListenException">An address cannot be bound.</exception>
    public PreparedListeners Prepare(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var prepared = new PreparedListeners(options);
        try
        {
            foreach (var (name, listener) in options.Layer4.Listeners)
            {
                ListenAddress.TryParse(listener.Address, out var address);
                if (!_listeners.TryGetValue(name, out var running) || running.Address != address)
                {
                    prepared.Opened.Add(name, new(address, ListenSocket.Open($"LoadBalancer:Layer4:Listeners:{name}:Address", address)));
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
        foreach (var (name, listener) in prepared.Options.Layer4.Listeners)
        {
            var running = before.GetValueOrDefault(name);
            var settings = new ListenerSettings(_pools.Find(listener.Pool!)!, OwnPolicy(listener, running), listener);
            if (prepared.Opened.TryGetValue(name, out var open))
            {
                after.Add(name, new Layer4Listener(name, open.Address, open.Sockets, settings, _logger));
            }
            else
            {
                running!.Settings = settings;
                after.Add(name, running);
            }
        }

        _listeners = after.ToImmutable();
        // The listeners have the sockets now: disposing what was prepared must not close them.
        prepared.Opened.Clear();
        foreach (var gone in before.Values.Except(_listeners.Values))
        {
            _draining.TryAdd(gone, gone);
            _ = DrainAsync(gone, prepared.Options.DrainTimeout);
        }
    }

    /// <summary>Stops accepting and drains.</summary>
    /// <param name="drainTimeout">Time after which connections that are left are reset.</param>
    /// <returns>Ends when no connection is left.</returns>
    public async Task StopAsync(TimeSpan drainTimeout) =>
        await Task.WhenAll(_listeners.Values.Concat(_draining.Keys).Select(listener => listener.StopAsync(drainTimeout)));

    /// <summary>Says what the listeners are doing.</summary>
    /// <returns>A copy of the figures at this moment.</returns>
    public Layer4Statistics GetStatistics()
    {
        var listeners = _listeners.Values.OrderBy(listener => listener.Name, StringComparer.Ordinal).ToArray();
        var connections = listeners.Concat(_draining.Keys).SelectMany(listener => listener.Connections).OrderBy(connection => connection.Id).Take(MostRows);
        return new([.. listeners.Select(listener => listener.GetStatistics())], [.. connections.Select(connection => connection.ToStatistics())]);
    }

    private async Task DrainAsync(Layer4Listener gone, TimeSpan drainTimeout)
    {
        await gone.StopAsync(drainTimeout);
        _draining.TryRemove(gone, out _);
    }

    // A policy that stays keeps its state: a replica that comes or goes must not send the next client to the first again.
    private static ISelectionPolicy? OwnPolicy(Layer4ListenerOptions options, Layer4Listener? running) =>
        options.Policy is not { } kind ? null
        : running?.Settings.OwnPolicy is { } policy && policy.Kind == kind ? policy
        : SelectionPolicies.Create(kind);

    private IEnumerable<Measurement<long>> Measure(Func<Layer4Listener, long> figure) =>
        _listeners.Values.Select(listener => new Measurement<long>(figure(listener), new KeyValuePair<string, object?>(LoadBalancerTelemetry.ListenerKey, listener.Name)));

    private IEnumerable<Measurement<long>> MeasureBytes() => _listeners.Values.SelectMany(listener => new[]
    {
        new Measurement<long>(listener.BytesToBackend, new(LoadBalancerTelemetry.ListenerKey, listener.Name), new("network.io.direction", "transmit")),
        new Measurement<long>(listener.BytesToClient, new(LoadBalancerTelemetry.ListenerKey, listener.Name), new("network.io.direction", "receive")),
    });
}
