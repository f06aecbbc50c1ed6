using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Caching;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Layer7.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7;

/// <summary>
/// All HTTP listeners and routes of the process: Kestrel and YARP in a web application of their own, apart from the
/// admin endpoint, so that no host header and no route can reach from one to the other.
/// </summary>
public sealed partial class Layer7Balancer : IAsyncDisposable
{
    private readonly BackendPools _pools;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<Layer7Balancer> _logger;
    private readonly RouteTable _routes = new();
    private readonly PoolProxyConfigProvider _proxyConfig;
    private readonly KestrelEndpoints _endpoints;
    private readonly ClientCertificateHeaders _clientCertificateHeaders = new();
    private readonly SessionAffinity _affinity = new();
    private volatile WebApplication? _app;

    /// <summary>Creates the balancer, with no listeners yet.</summary>
    /// <param name="pools">Where backends are.</param>
    /// <param name="loggers">Loggers of the process.</param>
    public Layer7Balancer(BackendPools pools, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(pools);
        ArgumentNullException.ThrowIfNull(loggers);
        _pools = pools;
        _loggers = loggers;
        _logger = loggers.CreateLogger<Layer7Balancer>();
        _proxyConfig = new PoolProxyConfigProvider(pools);
        _endpoints = new KestrelEndpoints(_logger);
    }

    /// <summary>Finds out whether the options' listeners can be bound, and changes nothing.</summary>
    /// <param name="options">Valid options.</param>
    /// <exception cref="ListenException">An address cannot be bound.</exception>
    public void Check(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _endpoints.Check(options.Layer7.Listeners);
    }

    /// <summary>Makes listeners and routes those of the options.</summary>
    /// <param name="options">Valid options, whose pools exist.</param>
    /// <returns>Ends when the listeners accept.</returns>
    /// <exception cref="ListenException">An address cannot be bound.</exception>
    public async Task ApplyAsync(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _affinity.Apply(options.Layer7);
        _routes.Apply(options, _pools);
        if (!_proxyConfig.Apply(options))
        {
            return;
        }

        _clientCertificateHeaders.Apply(options.Layer7.Listeners.Values);
        var added = _endpoints.Apply(options.Layer7.Listeners);
        if (_app is not null)
        {
            await KestrelEndpoints.WaitUntilListeningAsync(added);
            // What is stored may have come by a route that is now another.
            await _app.Services.GetRequiredService<IOutputCacheStore>().EvictByTagAsync(RouteCachePolicy.Tag, CancellationToken.None);
        }
        else if (options.Layer7.Listeners.Count > 0)
        {
            _app = await StartAsync(Build());
        }

        foreach (var listener in _endpoints.GetStatistics())
        {
            if (options.Layer7.Listeners[listener.Name].Protocols is { } wanted && wanted != listener.Protocols)
            {
                Log.NoQuic(_logger, listener.Name, Quic.HowToGet);
            }

            Log.Listening(_logger, listener.Name, string.Join(", ", listener.Addresses), listener.Protocols, listener.Tls ? " over TLS" : "", options.Layer7.Routes.Count);
        }
    }

    /// <summary>Stops accepting and lets requests under way end.</summary>
    /// <param name="drainTimeout">Time after which requests that are left are aborted.</param>
    /// <returns>Ends when no request is left.</returns>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        if (_app is not null)
        {
            using var deadline = new CancellationTokenSource(drainTimeout);
            await _app.StopAsync(deadline.Token);
        }
    }

    /// <summary>Says what listeners and routes are doing.</summary>
    /// <returns>A copy of the figures at this moment.</returns>
    public Layer7Statistics GetStatistics() => new(
        _app is null ? [] : _endpoints.GetStatistics(),
        [.. _routes.All.Select(route => route.GetStatistics()).OrderBy(route => route.Name, StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _endpoints.DisposeAsync();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseQuic().ConfigureKestrel(ConfigureKestrel);
        var services = builder.Services;
        services.AddSingleton(_loggers);
        services.AddRoutingCore();
        services.AddOutputCache(options =>
        {
            options.UseCaseSensitivePaths = true;
            options.AddBasePolicy(policy => policy.AddPolicy<RouteCachePolicy>(), excludeDefaultPolicy: true);
        });
        services.AddReverseProxy();
        services.Configure<KeyManagementOptions>(MemoryKeyRepository.Use);
        services.AddSingleton<IForwarderHttpClientFactory, PoolHttpClientFactory>();
        services.AddSingleton<IProxyConfigProvider>(_proxyConfig);
        services.AddSingleton<IForwarder, YarpForwarder>();
        services.AddSingleton<BalancingEndpoint>();
        services.AddSingleton<ErrorAnswers>();
        services.AddSingleton(_affinity);
        services.AddSingleton<RouteCachePolicy>();
        services.AddSingleton(_pools);
        services.AddSingleton(_routes);
        services.AddSingleton(_clientCertificateHeaders);

        var app = builder.Build();
        app.UseMiddleware<ListenerMiddleware>();
        app.UseRouting();
        app.UseMiddleware<RequestMiddleware>();
        app.UseOutputCache();
        app.UseMiddleware<WholeAnswersOnlyMiddleware>();
        app.MapReverseProxy(proxy => proxy.Run(proxy.ApplicationServices.GetRequiredService<BalancingEndpoint>().InvokeAsync));
        return app;
    }

    private void ConfigureKestrel(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        // How large and how slow a body may be is for the backend to say.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.ConfigureEndpointDefaults(_endpoints.Configure);
        options.Configure(_endpoints.Configuration, reloadOnChange: true);
    }

    private async Task<WebApplication> StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
            return app;
        }
        catch (IOException exception)
        {
            // Somebody took the port after the check.
            await app.DisposeAsync();
            throw _endpoints.ToListenException(exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(313, LogLevel.Warning, "Listener {Listener}: HTTP/3 needs QUIC, which this machine does not have; HTTP/1.1 and HTTP/2 are spoken. {HowToGet}")]
        public static partial void NoQuic(ILogger logger, string listener, string howToGet);

        [LoggerMessage(311, LogLevel.Information, "Listener {Listener}: listening on {Addresses}, {Protocols}{Tls}, {Routes} routes.")]
        public static partial void Listening(ILogger logger, string listener, string addresses, HttpListenerProtocols protocols, string tls, int routes);
    }
}
