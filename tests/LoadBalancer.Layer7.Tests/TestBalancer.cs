using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tests;

/// <summary>A Layer 7 balancer on a free port in front of test backends, all in one pool "web" unless said otherwise.</summary>
internal sealed class TestBalancer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly AsyncLocal<bool> ByYarp = new();

    private readonly ServiceProvider _provider;
    private readonly TestAddresses _addresses;
    private readonly Dictionary<string, string[]> _services = [];

    private TestBalancer(ServiceProvider provider, TestAddresses addresses, bool isDevelopment)
    {
        _provider = provider;
        _addresses = addresses;
        Pools = provider.GetRequiredService<BackendPools>();
        Layer7 = new Layer7Balancer(Pools, provider.GetRequiredService<ILoggerFactory>(), isDevelopment);
    }

    public BackendPools Pools { get; }

    public Layer7Balancer Layer7 { get; }

    public Uri Uri => UriOf("http");

    /// <summary>Lets every route of this test have a transform, which changes nothing, and so be forwarded by YARP.</summary>
    public static void ForwardByYarp() => ByYarp.Value = true;

    public static LoadBalancerOptions Options(params (string Name, RouteOptions Route)[] routes)
    {
        var options = new LoadBalancerOptions();
        options.Layer7.Listeners["http"] = new() { Address = "127.0.0.1:0" };
        foreach (var (name, route) in routes)
        {
            route.Pool ??= "web";
            route.Transforms = ByYarp.Value ? [.. route.Transforms, new() { ["RequestHeadersCopy"] = "true" }] : route.Transforms;
            options.Pools.TryAdd(route.Pool, new()
            {
                // A check that is late on a busy machine is no failure, and what was ejected stays so for as long as a test lasts.
                HealthCheck = new() { Interval = TimeSpan.FromMilliseconds(100), Timeout = TimeSpan.FromSeconds(10), Fall = 1, Rise = 1 },
                OutlierEjection = new() { BaseTime = TimeSpan.FromMinutes(5) },
            });
            options.Layer7.Routes[name] = route;
        }

        return options;
    }

    public static Task<TestBalancer> StartAsync(LoadBalancerOptions options, params TestBackend[] backends) =>
        StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = backends });

    public static async Task<TestBalancer> StartAsync(LoadBalancerOptions options, IReadOnlyDictionary<string, TestBackend[]> pools, LogRecorder? logs = null, bool waitForHealth = true, bool isDevelopment = false)
    {
        var addresses = new TestAddresses();
        var configuration = new ConfigurationBuilder().Add(addresses).Build();
        var services = new ServiceCollection().AddLogging(logging => logs?.Attach(logging)).AddSingleton<IConfiguration>(configuration).AddLoadBalancer().BuildServiceProvider();
        var balancer = new TestBalancer(services, addresses, isDevelopment);
        foreach (var (pool, backends) in pools)
        {
            balancer.SetBackends(pool, [.. backends.Select(backend => backend.Address)]);
            foreach (var backend in backends)
            {
                options.Pools.GetValueOrDefault(pool)?.Backends.TryAdd(backend.Name, new() { Address = new Uri(backend.Address).Authority });
            }
        }

        await balancer.ApplyAsync(options);
        foreach (var (pool, backends) in pools.Where(pair => waitForHealth && options.Pools.ContainsKey(pair.Key)))
        {
            await WaitUntilAsync(() => balancer.Pools.Find(pool)!.Snapshot.Available.Length == backends.Length);
        }

        return balancer;
    }

    public async Task ApplyAsync(LoadBalancerOptions options)
    {
        await Pools.ApplyAsync(options);
        await Layer7.ApplyAsync(options);
    }

    /// <summary>Changes what service discovery answers.</summary>
    public void SetBackends(string pool, params string[] addresses)
    {
        _services[pool] = addresses;
        _addresses.Publish(_services.SelectMany(service => service.Value.Select((address, i) => KeyValuePair.Create($"Services:{service.Key}:{(address.StartsWith("https:", StringComparison.Ordinal) ? "https" : "http")}:{i}", (string?)address))));
    }

    /// <summary>As <see cref="SetBackends"/>, and waits until the pool has just these and may use them. Before that, the name of a service passes through as a host of its own.</summary>
    public async Task SetBackendsAsync(string pool, params string[] addresses)
    {
        SetBackends(pool, addresses);
        var expected = addresses.Select(address => address.StartsWith("unix:", StringComparison.Ordinal) ? address : new Uri(address).Authority).Order().ToArray();
        await WaitUntilAsync(() => Pools.Find(pool)!.Snapshot.Available.ToArray().Select(backend => backend.Id).Order().SequenceEqual(expected));
    }

    public Uri UriOf(string listener)
    {
        var statistics = Listener(listener);
        return new($"{(statistics.Tls ? "https" : "http")}://{statistics.Addresses[0]}");
    }

    public Layer7ListenerStatistics Listener(string name) => Layer7.GetStatistics().Listeners.Single(candidate => candidate.Name == name);

    public RouteStatistics Route(string name) => Layer7.GetStatistics().Routes.Single(route => route.Name == name);

    /// <summary>A client with one kept-alive connection and no cookies of its own.</summary>
    public HttpClient CreateClient(Action<SocketsHttpHandler>? configure = null)
    {
        var handler = new SocketsHttpHandler { MaxConnectionsPerServer = 1, UseCookies = false, AllowAutoRedirect = false, UseProxy = false };
        configure?.Invoke(handler);
        return new HttpClient(handler) { BaseAddress = Uri, Timeout = Patience };
    }

    public async Task<Answer> GetAsync(string path)
    {
        using var client = CreateClient();
        return (await client.GetFromJsonAsync<Answer>(path, TestContext.Current.CancellationToken))!;
    }

    public static Task WaitUntilAsync(Func<bool> condition) => WaitUntilAsync(() => Task.FromResult(condition()));

    public static async Task WaitUntilAsync(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "the condition did not become true in time");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Layer7.StopAsync(TimeSpan.Zero);
        await Layer7.DisposeAsync();
        await _provider.DisposeAsync();
    }
}
