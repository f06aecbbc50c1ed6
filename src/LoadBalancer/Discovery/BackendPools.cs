using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Health;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Discovery;

/// <summary>All pools of the process, each with its discovery and its health checks.</summary>
public sealed class BackendPools : IAsyncDisposable
{
    private static readonly BackendState[] States = Enum.GetValues<BackendState>();

    private readonly ServiceEndpointResolver _resolver;
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger<BackendPools> _logger;
    private volatile FrozenDictionary<string, Running> _pools = FrozenDictionary<string, Running>.Empty;

    /// <summary>Creates the registry, with no pools yet.</summary>
    /// <param name="resolver">Service discovery.</param>
    /// <param name="configuration">Where the section <c>Services</c> is.</param>
    /// <param name="time">The clock of health checks.</param>
    /// <param name="logger">Gets a line for every change.</param>
    public BackendPools(ServiceEndpointResolver resolver, IConfiguration configuration, TimeProvider time, ILogger<BackendPools> logger)
    {
        _resolver = resolver;
        _configuration = configuration;
        _time = time;
        _logger = logger;
        Picks = new(time);
        var meter = LoadBalancerTelemetry.Meter;
        meter.CreateObservableUpDownCounter("lb.backend.count", CountBackends, "{backend}", "Backends, by pool and state.");
        meter.CreateObservableGauge("lb.backend.up", () => Measure(backends => backends.Max(IsUp)), "1", "Whether a backend is healthy and takes work: 1 or 0, by pool and backend.");
        meter.CreateObservableUpDownCounter("lb.backend.active", () => Measure(backends => backends.Sum(backend => backend.Active)), "{request}", "Connections and requests that a backend has, by pool and backend.");
        Instruments.ObserveQueues(() => All.Select(pool => Instruments.Of(pool.Queued, LoadBalancerTelemetry.PoolKey, pool.Name)));
    }

    /// <summary>Raised after pools came or went, or one of them changed.</summary>
    public event Action? Changed;

    /// <summary>The newest picks of all pools, while somebody watches.</summary>
    public PickLog Picks { get; }

    /// <summary>All pools.</summary>
    public IEnumerable<BackendPool> All => _pools.Values.Select(running => running.Pool);

    /// <summary>Finds a pool.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The pool, or null.</returns>
    public BackendPool? Find(string name) => _pools.GetValueOrDefault(name)?.Pool;

    /// <summary>Makes the pools those of the options. Pools that stay keep their backends and counters.</summary>
    /// <param name="options">Valid options.</param>
    /// <returns>Ends when pools that went have stopped.</returns>
    public async Task ApplyAsync(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var before = _pools;
        var after = new Dictionary<string, Running>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, configured) in options.Pools)
        {
            var service = options.ServiceOf(name);
            var pool = WithoutPointlessChecks(configured, service);
            if (before.TryGetValue(name, out var running) && running.Pool.Service == service)
            {
                var checksDiffer = (running.Options.HealthCheck, running.Options.BackendTls, running.Options.HttpVersion) != (pool.HealthCheck, pool.BackendTls, pool.HttpVersion);
                if (checksDiffer && running.Health is { } replaced)
                {
                    // Before the pool is told: a check that ends later must not undo what "no checks" makes healthy.
                    await replaced.DisposeAsync();
                }

                running.Pool.Configure(pool);
                if (checksDiffer)
                {
                    running = running with { Health = HealthMonitor.Start(running.Pool, pool.HealthCheck, _time) };
                }

                after.Add(name, running with { Options = pool });
            }
            else
            {
                after.Add(name, Start(name, service, pool));
            }
        }

        _pools = after.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        foreach (var gone in before.Values.Where(running => !after.Values.Any(kept => kept.Pool == running.Pool)))
        {
            gone.Pool.Changed -= OnPoolChanged;
            await gone.DisposeAsync();
        }

        Changed?.Invoke();
    }

    /// <summary>Waits until the first health check of every backend that is known has ended.</summary>
    /// <param name="atMost">Time after which it waits no longer.</param>
    /// <returns>Ends when no backend is being checked for the first time, or the time is over.</returns>
    public async Task WaitUntilCheckedAsync(TimeSpan atMost)
    {
        var since = _time.GetTimestamp();
        while (All.Any(pool => pool.IsUndecided) && _time.GetElapsedTime(since) < atMost)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var running in _pools.Values)
        {
            await running.DisposeAsync();
        }

        _pools = FrozenDictionary<string, Running>.Empty;
    }

    // Whether a TCP connection can be made says nothing of a service that speaks UDP.
    private static PoolOptions WithoutPointlessChecks(PoolOptions pool, string service) =>
        service.StartsWith("udp://", StringComparison.OrdinalIgnoreCase) && pool.HealthCheck.Type == HealthCheckType.Tcp
            ? pool with { HealthCheck = pool.HealthCheck with { Type = HealthCheckType.None } }
            : pool;

    private Running Start(string name, string service, PoolOptions options)
    {
        var pool = new BackendPool(name, service, options, _logger, _time, Picks);
        pool.Changed += OnPoolChanged;
        var health = HealthMonitor.Start(pool, options.HealthCheck, _time);
        return new Running(pool, options, new PoolDiscovery(pool, _resolver, _configuration, _time, _logger), health);
    }

    private void OnPoolChanged(BackendPool pool) => Changed?.Invoke();

    // Those that none is in as well: a figure that is left out would stay what it was for whoever draws it.
    private IEnumerable<Measurement<int>> CountBackends() =>
        from pool in All
        let members = pool.Snapshot.Members
        from state in States
        select new Measurement<int>(members.Count(backend => backend.State == state), new(LoadBalancerTelemetry.PoolKey, pool.Name), new(LoadBalancerTelemetry.StateKey, state.ToString()));

    private static int IsUp(Backend backend) => backend.State is BackendState.Healthy or BackendState.SlowStart ? 1 : 0;

    // Two of a pool may have one name while the one leaves and the other joins.
    private IEnumerable<Measurement<int>> Measure(Func<IEnumerable<Backend>, int> figure) =>
        from pool in All
        from backends in pool.Snapshot.Members.GroupBy(backend => backend.Name, StringComparer.Ordinal)
        select new Measurement<int>(figure(backends), new(LoadBalancerTelemetry.PoolKey, pool.Name), new(LoadBalancerTelemetry.ReplicaKey, backends.Key));

    private sealed record Running(BackendPool Pool, PoolOptions Options, PoolDiscovery Discovery, HealthMonitor? Health) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Discovery.DisposeAsync();
            if (Health is not null)
            {
                await Health.DisposeAsync();
            }
        }
    }
}
