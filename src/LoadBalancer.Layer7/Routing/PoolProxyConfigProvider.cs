using System.Globalization;
using System.Text.Json;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using Yarp.ReverseProxy.Configuration;

namespace LoadBalancer.Layer7.Routing;

/// <summary>
/// Gives YARP its configuration: the routes, and a cluster for each pool, which is no more than the connections to its
/// backends.
/// </summary>
internal sealed class PoolProxyConfigProvider(BackendPools pools) : IProxyConfigProvider
{
    private LoadBalancerOptions _options = new();
    private volatile PoolProxyConfig _config = new([], []);

    public IProxyConfig GetConfig() => _config;

    /// <summary>Takes new routes, and the way in which pools are connected to.</summary>
    /// <returns>Whether what concerns Layer 7 alone differs from what was in force.</returns>
    public bool Apply(LoadBalancerOptions options)
    {
        var changed = JsonSerializer.Serialize(options.Layer7, ConfigurationJsonContext.Default.Layer7Options)
            != JsonSerializer.Serialize(_options.Layer7, ConfigurationJsonContext.Default.Layer7Options);
        _options = options;
        var config = Build();
        if (changed || !SameConnections(_config.Clusters, config.Clusters))
        {
            var before = _config;
            _config = config;
            before.SignalChange();
        }

        return changed;
    }

    /// <summary>The pool that a cluster's metadata name.</summary>
    public static string PoolOf(IReadOnlyDictionary<string, string> metadata) => metadata[nameof(RouteOptions.Pool)];

    /// <summary>Whether connections to backends are made alike.</summary>
    public static bool SameConnections(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left[nameof(PoolOptions.BackendTls)] == right[nameof(PoolOptions.BackendTls)] && left[nameof(PoolOptions.HttpVersion)] == right[nameof(PoolOptions.HttpVersion)];

    private PoolProxyConfig Build() => new(
        [.. _options.Layer7.Routes.Select(route => ToRoute(route.Key, route.Value, route.Value.Pool!))],
        [.. _options.Layer7.Routes.Values.SelectMany(PoolsOf).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal).Select(name => ToCluster(pools.Find(name)!))]);

    private static IEnumerable<string> PoolsOf(RouteOptions route) =>
        new[] { route.Pool, route.Mirror?.Pool }.OfType<string>().Concat(route.Split?.Pools.Keys.AsEnumerable() ?? []);

    public static RouteConfig ToRoute(string name, RouteOptions route, string clusterId) => new()
    {
        RouteId = name,
        ClusterId = clusterId,
        Order = route.Order,
        Match = new RouteMatch
        {
            Path = route.Path ?? RouteValidator.EveryPath,
            Hosts = route.Hosts.Length == 0 ? null : route.Hosts,
            Methods = route.Methods.Length == 0 ? null : route.Methods,
            Headers = [.. route.Headers.Select(header => new RouteHeader
            {
                Name = header.Key,
                Values = header.Value,
                Mode = header.Value.Length == 0 ? HeaderMatchMode.Exists : HeaderMatchMode.ExactHeader,
            })],
            QueryParameters = [.. route.Query.Select(parameter => new RouteQueryParameter
            {
                Name = parameter.Key,
                Values = parameter.Value,
                Mode = parameter.Value.Length == 0 ? QueryParameterMatchMode.Exists : QueryParameterMatchMode.Exact,
            })],
        },
        Transforms = route.RemovePrefix is { } prefix
            ? [new Dictionary<string, string> { ["PathRemovePrefix"] = prefix.TrimEnd('/') }]
            : null,
    };

    // Without destinations: which backend a request goes to is the pool's business, not YARP's.
    private static ClusterConfig ToCluster(BackendPool pool) => new()
    {
        ClusterId = pool.Name,
        Metadata = new Dictionary<string, string>
        {
            [nameof(RouteOptions.Pool)] = pool.Name,
            // A number that changes with the options; the options themselves have passwords.
            [nameof(PoolOptions.BackendTls)] = pool.Tls is { } tls ? tls.Id.ToString(CultureInfo.InvariantCulture) : "",
            [nameof(PoolOptions.HttpVersion)] = pool.Options.HttpVersion.ToString(),
        },
    };

    private static bool SameConnections(IReadOnlyList<ClusterConfig> left, IReadOnlyList<ClusterConfig> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => SameConnections(pair.First.Metadata!, pair.Second.Metadata!));
}
