using System.Diagnostics;
using System.Diagnostics.Metrics;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7.AccessLog;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Caching;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Faults;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Forwarding.Http1;
using LoadBalancer.Layer7.Limits;
using LoadBalancer.Layer7.Requests;
using LoadBalancer.Layer7.Resilience;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Layer7.Routing.Transforms;
using LoadBalancer.Layer7.Shaping;
using LoadBalancer.Layer7.Tls;
using LoadBalancer.Layer7.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
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
    private const int MostStarts = 5;

    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    private readonly BackendPools _pools;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<Layer7Balancer> _logger;
    private readonly RouteTable _routes = new();
    private readonly PoolProxyConfigProvider _proxyConfig;
    private readonly KestrelEndpoints _endpoints;
    private readonly ClientCertificateHeaders _clientCertificateHeaders = new();
    private readonly RequestRules _requestRules = new();
    private readonly SessionAffinity _affinity = new();
    private readonly AnswerCache _cache = new(TimeProvider.System);
    private LoadBalancerOptions _options = new();
    private readonly Timer _sweeper;
    private readonly ConnectionLimit _connections = new();
    private readonly ErrorAnswers _errors;
    private readonly AccessLogger _accessLog;
    private Layer7LimitsOptions _limits = new();
    private KestrelServerOptions? _kestrel;
    private volatile WebApplication? _app;

    /// <summary>Creates the balancer, with no listeners yet.</summary>
    /// <param name="pools">Where backends are.</param>
    /// <param name="loggers">Loggers of the process.</param>
    /// <param name="isDevelopment">Whether error answers say addresses and causes unless the options say otherwise.</param>
    public Layer7Balancer(BackendPools pools, ILoggerFactory loggers, bool isDevelopment = false)
    {
        ArgumentNullException.ThrowIfNull(pools);
        ArgumentNullException.ThrowIfNull(loggers);
        _pools = pools;
        _loggers = loggers;
        _logger = loggers.CreateLogger<Layer7Balancer>();
        _proxyConfig = new PoolProxyConfigProvider(pools);
        _sweeper = new Timer(_ => _routes.Sweep(), null, Sweep, Sweep);
        _endpoints = new KestrelEndpoints(_connections, _logger);
        _errors = new ErrorAnswers(isDevelopment, loggers.CreateLogger<ErrorAnswers>());
        _accessLog = new AccessLogger(loggers, TimeProvider.System);
        Instruments.ObserveQueues(() => _routes.All.Where(route => route.Limits?.Gate is not null)
            .Select(route => Instruments.Of(route.Limits!.Gate!.Queued, LoadBalancerTelemetry.RouteKey, route.Name)));
        Instruments.ObserveConnections(
            () => Measure(traffic => traffic.Active), () => Measure(traffic => traffic.Accepted), MeasureRefusals, MeasureBytes);
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
        _options = options;
        _affinity.Apply(options);
        _errors.Apply(options.Layer7);
        _accessLog.Apply(options.Layer7.AccessLog);
        _connections.Apply(options.Layer7.Limits.MaxConnections);
        _limits = options.Layer7.Limits;
        if (_kestrel is not null)
        {
            ServerLimits.Apply(_kestrel.Limits, _limits);
        }

        _routes.Apply(options, _pools);
        var changed = _proxyConfig.Apply(options);
        _cache.Apply(options, _proxyConfig.GetConfig().Routes);
        if (!changed)
        {
            return;
        }

        _clientCertificateHeaders.Apply(options.Layer7.Listeners.Values);
        _requestRules.Apply(options.Layer7);
        var added = _endpoints.Apply(options.Layer7.Listeners);
        if (_app is not null)
        {
            await KestrelEndpoints.WaitUntilListeningAsync(added);
        }
        else if (options.Layer7.Listeners.Count > 0)
        {
            _app = await StartAsync(options.Layer7.Listeners);
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

        // The last requests have ended; their lines are part of the log.
        await _accessLog.DisposeAsync();
    }

    /// <summary>Says what listeners and routes are doing.</summary>
    /// <returns>A copy of the figures at this moment.</returns>
    public Layer7Statistics GetStatistics() => new(
        _app is null ? [] : _endpoints.GetStatistics(),
        [.. _routes.All.Select(route => route.GetStatistics()).OrderBy(route => route.Name, StringComparer.Ordinal)],
        _cache.GetStatistics(),
        new(_connections.Open, _connections.Refused),
        _accessLog.GetStatistics());

    /// <summary>Makes the counters of listeners, routes and the cache begin anew. What is active, waits, is stored or remembered stays.</summary>
    public void ResetStatistics()
    {
        _connections.ResetStatistics();
        _endpoints.ResetStatistics();
        _cache.ResetStatistics();
        foreach (var route in _routes.All)
        {
            route.ResetStatistics();
        }
    }

    /// <summary>Names of the routes that keep answers.</summary>
    public IReadOnlyList<string> CachingRoutes => _cache.RouteNames;

    /// <summary>Says what the cache holds, the most used first.</summary>
    /// <param name="path">Only answers of this path, with its query or for every query; with <c>*</c> at the end, of all paths that begin so.</param>
    /// <param name="tag">Only answers with this tag, in any case.</param>
    /// <param name="route">Only answers of this route, in any case.</param>
    /// <returns>A copy of what is stored at this moment.</returns>
    public IReadOnlyList<CachedAnswer> ListCache(string? path = null, string? tag = null, string? route = null) =>
        [.. _cache.List(new CacheFilter(path, tag, route))];

    /// <summary>Removes answers from the cache; without a condition, all of them.</summary>
    /// <param name="path">Only answers of this path, with its query or for every query; with <c>*</c> at the end, of all paths that begin so.</param>
    /// <param name="tag">Only answers with this tag, in any case.</param>
    /// <param name="route">Only answers of this route, in any case.</param>
    /// <returns>How many were removed.</returns>
    public int PurgeCache(string? path = null, string? tag = null, string? route = null) => _cache.Purge(new CacheFilter(path, tag, route));

    /// <summary>Says what a route is doing.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>A copy of its figures at this moment; null when there is no such route.</returns>
    public RouteStatistics? FindRoute(string name) => _routes.Find(name)?.GetStatistics();

    /// <summary>Switches faults on or off at a route, where they take the place of its pool's.</summary>
    /// <param name="route">The route's name.</param>
    /// <param name="faults">The faults; null for none.</param>
    /// <returns>Whether there is such a route.</returns>
    public bool TrySetFaults(string route, FaultOptions? faults)
    {
        if (_routes.Find(route) is not { } found)
        {
            return false;
        }

        found.Faults = faults;
        Log.FaultsSet(_logger, found.Name, (object?)found.Faults ?? "none");
        return true;
    }

    /// <summary>Gives a route other shares, until the configuration gives it others than it does now.</summary>
    /// <param name="route">The name of a route that there is.</param>
    /// <param name="command">The shares.</param>
    /// <returns>What is wrong with the command; none when it was carried out.</returns>
    public IReadOnlyList<string> SetSplit(string route, SplitCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var known = PoolProxyConfigProvider.PoolsOf(_options.Layer7).Order(StringComparer.OrdinalIgnoreCase).ToArray();
        if (_routes.Find(route) is not { } found)
        {
            return [$"There is no route '{route}'."];
        }

        string[] errors = [.. SplitCommandCheck.Validate(command, found.Pool.Name, known)];
        if (errors.Length == 0 && _routes.TrySplit(route, command.Pools, _pools))
        {
            Log.SplitSet(_logger, found.Name, string.Join(", ", found.Split!.Shares.Select(share => $"{share.Pool.Name} {share.Percent} %")));
        }

        return errors;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _sweeper.DisposeAsync();
        await _endpoints.DisposeAsync();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _cache.Dispose();
        await _accessLog.DisposeAsync();
    }

    private IEnumerable<Measurement<long>> Measure(Func<ListenerTraffic, long> figure) =>
        _endpoints.Listeners.Select(listener => Instruments.Of(figure(listener.Traffic), LoadBalancerTelemetry.ListenerKey, listener.Name));

    private IEnumerable<Measurement<long>> MeasureRefusals() =>
        from listener in _endpoints.Listeners
        from refused in listener.Traffic.Refused
        select new Measurement<long>(refused.Value, new(LoadBalancerTelemetry.ListenerKey, listener.Name), new(LoadBalancerTelemetry.ReasonKey, refused.Key));

    private IEnumerable<Measurement<long>> MeasureBytes() => _endpoints.Listeners.SelectMany(listener => new[]
    {
        new Measurement<long>(listener.Traffic.BytesToBackend, new(LoadBalancerTelemetry.ListenerKey, listener.Name), new(LoadBalancerTelemetry.DirectionKey, LoadBalancerTelemetry.ToBackend)),
        new Measurement<long>(listener.Traffic.BytesToClient, new(LoadBalancerTelemetry.ListenerKey, listener.Name), new(LoadBalancerTelemetry.DirectionKey, LoadBalancerTelemetry.ToClient)),
    });

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseSockets(ConfigureSockets).UseKestrelHttpsConfiguration().UseQuic().ConfigureKestrel(ConfigureKestrel);
        var services = builder.Services;
        services.AddSingleton(_loggers);
        if (EventLoop.IsSupported)
        {
            services.AddSingleton<IConnectionListenerFactory, LoopTransport>();
        }

        services.AddRoutingCore();
        services.AddReverseProxy().AddRouteFeatures();
        services.Configure<KeyManagementOptions>(MemoryKeyRepository.Use);
        services.AddSingleton<IForwarderHttpClientFactory, PoolHttpClientFactory>();
        services.AddSingleton<IProxyConfigProvider>(_proxyConfig);
        services.AddSingleton<Http1Forwarder>();
        services.AddSingleton<YarpForwarder>();
        services.AddSingleton<IForwarder, ForwarderChoice>();
        services.AddSingleton<FailureAnswers>();
        services.AddSingleton<FaultInjector>();
        services.AddSingleton<MirrorSender>();
        services.AddSingleton<BalancingEndpoint>();
        services.AddSingleton(_errors);
        services.AddSingleton(_accessLog);
        services.AddSingleton(_affinity);
        services.AddSingleton(_cache);
        services.AddSingleton(_pools);
        services.AddSingleton(_routes);
        services.AddSingleton(_clientCertificateHeaders);
        services.AddSingleton(_requestRules);

        var app = builder.Build();
        // YARP brings authorization along, and with it the host a middleware that no route here uses.
        ((IApplicationBuilder)app).Properties["__AuthorizationMiddlewareSet"] = true;
        new BadRequests(_accessLog).Follow(app.Services.GetRequiredService<DiagnosticListener>());
        app.UseMiddleware<TelemetryMiddleware>();
        app.UseMiddleware<AccessLogMiddleware>();
        app.UseMiddleware<RequestCheckMiddleware>();
        app.UseMiddleware<ListenerMiddleware>();
        app.UseRouting();
        app.UseMiddleware<RequestMiddleware>();
        app.UseMiddleware<CacheMiddleware>();
        app.UseMiddleware<BalancingMiddleware>();
        // For its endpoints, which routing chooses from.
        app.MapReverseProxy(_ => { }).ConfigureEndpoints((endpoint, route) =>
        {
            CookieConditions.AddTo(endpoint, route);
            ListenerConditions.AddTo(endpoint, route);
        });
        return app;
    }

    // A request is a few microseconds of work between two receives: each hand-over to another thread would cost more.
    // Nothing in this pipeline may block.
    private static void ConfigureSockets(SocketTransportOptions options) => options.UnsafePreferInlineScheduling = true;

    private void ConfigureKestrel(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.RequestHeaderEncodingSelector = HeaderDecoding.Select;
        _kestrel = options;
        ServerLimits.Apply(options.Limits, _limits);
        // How large and how slow a body may be is for the backend to say.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.ConfigureEndpointDefaults(_endpoints.Configure);
        options.Configure(_endpoints.Configuration, reloadOnChange: true);
    }

    private async Task<WebApplication> StartAsync(IReadOnlyDictionary<string, Layer7ListenerOptions> listeners)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await StartAsync(Build());
            }
            catch (ListenException) when (tries < MostStarts && _endpoints.TryChooseOtherPorts(listeners))
            {
                // A port that the system had chosen became somebody else's before Kestrel bound it.
            }
        }
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
        [LoggerMessage(341, LogLevel.Warning, "Route {Route}: faults by command: {Faults}")]
        public static partial void FaultsSet(ILogger logger, string route, object faults);

        [LoggerMessage(342, LogLevel.Information, "Route {Route}: split by command: {Shares}")]
        public static partial void SplitSet(ILogger logger, string route, string shares);

        [LoggerMessage(313, LogLevel.Warning, "Listener {Listener}: HTTP/3 needs QUIC, which this machine does not have; HTTP/1.1 and HTTP/2 are spoken. {HowToGet}")]
        public static partial void NoQuic(ILogger logger, string listener, string howToGet);

        [LoggerMessage(311, LogLevel.Information, "Listener {Listener}: listening on {Addresses}, {Protocols}{Tls}, {Routes} routes.")]
        public static partial void Listening(ILogger logger, string listener, string addresses, HttpListenerProtocols protocols, string tls, int routes);
    }
}
