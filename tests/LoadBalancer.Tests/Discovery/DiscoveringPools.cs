using System.Diagnostics.CodeAnalysis;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ServiceDiscovery;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Discovery;

/// <summary>The real pools over the real service discovery, with a configuration in memory.</summary>
internal sealed class DiscoveringPools : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public DiscoveringPools(TimeProvider? time = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Add(Configuration).Build());
        services.AddSingleton<ILogger<BackendPools>>(Logger);
        services.AddSingleton(time ?? Time);
        services.AddSingleton<IServiceEndpointProviderFactory>(Attempts);
        services.AddLoadBalancer();
        services.AddSingleton<IServiceEndpointProviderFactory>(Resolutions);
        _services = services.BuildServiceProvider();
        Pools = _services.GetRequiredService<BackendPools>();
    }

    public ReloadableConfiguration Configuration { get; } = new();

    public RecordingLogger<BackendPools> Logger { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    /// <summary>Resolutions that began.</summary>
    public ProviderCounter Attempts { get; } = new();

    /// <summary>Resolutions whose real providers have answered and handed out their change tokens.</summary>
    public ProviderCounter Resolutions { get; } = new();

    public BackendPools Pools { get; }

    /// <summary>Lines that say why an answer of discovery is not used.</summary>
    public IReadOnlyList<string> Complaints => Logger.Lines(111);

    public static LoadBalancerOptions OptionsOf(string pool, PoolOptions? options = null) => new() { Pools = { [pool] = options ?? Some.WithoutChecks } };

    /// <summary>Starts a pool without health checks.</summary>
    public async Task<BackendPool> StartAsync(string name, string? service = null)
    {
        await Pools.ApplyAsync(OptionsOf(name, Some.WithoutChecks with { Service = service }));
        return Pools.Find(name)!;
    }

    public static async Task HasAsync(BackendPool pool, params string[] ids) =>
        await Eventually.TrueAsync(() => pool.Snapshot.Members.Select(backend => backend.Id).SequenceEqual(ids), $"pool {pool.Name} has {string.Join(", ", ids)}");

    public async ValueTask DisposeAsync()
    {
        await Pools.DisposeAsync();
        await _services.DisposeAsync();
    }

    /// <summary>Takes part in every resolution, adds nothing, and counts.</summary>
    internal sealed class ProviderCounter : IServiceEndpointProviderFactory, IServiceEndpointProvider
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public bool TryCreateProvider(ServiceEndpointQuery query, [NotNullWhen(true)] out IServiceEndpointProvider? provider)
        {
            provider = this;
            return true;
        }

        public ValueTask PopulateAsync(IServiceEndpointBuilder endpoints, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
