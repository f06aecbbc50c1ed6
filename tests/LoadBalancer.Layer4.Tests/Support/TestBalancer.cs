using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>The real balancer with pools whose addresses the test gives, without health checks.</summary>
internal sealed class TestBalancer : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly BackendPools _pools;

    private TestBalancer(Dictionary<string, string[]> pools, string service)
    {
        var keys = from pool in pools
                   from address in pool.Value.Index()
                   select new KeyValuePair<string, string?>($"Services:{pool.Key}:tcp:{address.Index}", address.Item);
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(keys).Build());
        services.AddLoadBalancer();
        services.AddSingleton<Layer4Balancer>();
        _services = services.BuildServiceProvider();
        _pools = _services.GetRequiredService<BackendPools>();
        Balancer = _services.GetRequiredService<Layer4Balancer>();
        foreach (var name in pools.Keys)
        {
            Options.Pools[name] = new() { Service = service + name, HealthCheck = new() { Type = HealthCheckType.None } };
        }
    }

    public Layer4Balancer Balancer { get; }

    /// <summary>What the balancer has logged.</summary>
    public LogRecorder Log { get; } = new();

    /// <summary>What is in force. Unless a test says otherwise, what drains has all the time it needs.</summary>
    public LoadBalancerOptions Options { get; private set; } = new() { DrainTimeout = TimeSpan.FromMinutes(5) };

    /// <summary>Where the only listener listens, or the first by name.</summary>
    public IPEndPoint Address => IPEndPoint.Parse(Listener.Addresses[0]);

    public Layer4ListenerStatistics Listener => Balancer.GetStatistics().Listeners[0];

    public IReadOnlyList<ConnectionStatistics> Connections => Balancer.GetStatistics().Connections;

    public BackendPool Pool => _pools.All.Single();

    /// <summary>One listener named <paramref name="name"/> on a free port of loopback, in front of one pool.</summary>
    public static async Task<TestBalancer> StartAsync(IPEndPoint[] backends, Layer4ListenerOptions? listener = null, string name = "wire", PoolOptions? pool = null)
    {
        var balancer = await WithPoolsAsync(new() { ["backends"] = backends });
        if (pool is not null)
        {
            await balancer.ChangePoolAsync("backends", _ => pool);
        }

        await balancer.ApplyAsync(options => options.Layer4.Listeners[name] = (listener ?? new()) with { Address = listener?.Address ?? "127.0.0.1:0", Pool = "backends" });
        return balancer;
    }

    /// <summary>Pools that have found their backends, and no listener yet.</summary>
    public static Task<TestBalancer> WithPoolsAsync(Dictionary<string, IPEndPoint[]> pools) =>
        WithServicesAsync(pools.ToDictionary(pool => pool.Key, pool => pool.Value.Select(address => $"tcp://{address}").ToArray()), "tcp://");

    /// <summary>Pools whose addresses are given as the section <c>Services</c> has them.</summary>
    public static async Task<TestBalancer> WithServicesAsync(Dictionary<string, string[]> pools, string service)
    {
        var balancer = new TestBalancer(pools, service);
        await balancer._pools.ApplyAsync(balancer.Options);
        await Eventually.TrueAsync(() => pools.All(pool => balancer.PoolOf(pool.Key).Snapshot.Available.Length == pool.Value.Length));
        return balancer;
    }

    public BackendPool PoolOf(string name) => _pools.Find(name)!;

    /// <summary>Reloads with changed options, as the server does.</summary>
    public async Task ApplyAsync(Action<LoadBalancerOptions> change)
    {
        var options = Options with { Pools = new(Options.Pools), Layer4 = new() { Listeners = new(Options.Layer4.Listeners) } };
        change(options);
        using var prepared = Balancer.Prepare(options);
        await _pools.ApplyAsync(options);
        Balancer.Apply(prepared);
        Options = options;
    }

    public async Task ChangeListenerAsync(string name, Func<Layer4ListenerOptions, Layer4ListenerOptions> change) =>
        await ApplyAsync(options => options.Layer4.Listeners[name] = change(options.Layer4.Listeners[name]));

    public async Task ChangePoolAsync(string name, Func<PoolOptions, PoolOptions> change) =>
        await ApplyAsync(options => options.Pools[name] = change(options.Pools[name]) with { Service = options.Pools[name].Service, HealthCheck = new() { Type = HealthCheckType.None } });

    public async Task<System.Net.Sockets.Socket> ConnectAsync() => await SocketExtensions.ConnectAsync(Address);

    /// <summary>The name or text that a backend says before it closes.</summary>
    public Task<string> AskAsync() => AskAsync(IPAddress.Loopback);

    /// <summary>The same, as a client with another address of loopback.</summary>
    public async Task<string> AskAsync(IPAddress from)
    {
        using var client = await SocketExtensions.ConnectAsync(Address, from);
        return await client.ReceiveTextToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Balancer.StopAsync(TimeSpan.Zero);
        await _pools.DisposeAsync();
        await _services.DisposeAsync();
    }
}
