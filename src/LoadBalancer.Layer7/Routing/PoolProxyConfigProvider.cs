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

    /// <summary>The pools that routes name.</summary>
    public static IEnumerable<string> PoolsOf(Layer7Options options) => options.Routes.Values
        .SelectMany(route => new[] { route.Pool, route.Mirror?.Pool }.OfType<string>().Concat(route.Split?.Pools.Keys.AsEnumerable() ?? []))
        .Distinct(StringComparer.OrdinalIgnoreCase);

    /// <summary>The cluster of a pool's connections that are waited for equally long: the handler has that time, not the request.</summary>
    public static string ClusterOf(string pool, TimeSpan connect) => string.Create(CultureInfo.InvariantCulture, $"{pool} {connect.TotalMilliseconds:0}");

    /// <summary>How long a cluster waits for a connection.</summary>
    public static TimeSpan ConnectTimeoutOf(IReadOnlyDictionary<string, string> metadata) =>
        TimeSpan.FromMilliseconds(double.Parse(metadata[nameof(RouteTimeoutOptions.Connect)], CultureInfo.InvariantCulture));

    /// <summary>The pool that a cluster's metadata name.</summary>
    public static string PoolOf(IReadOnlyDictionary<string, string> metadata) => metadata[nameof(RouteOptions.Pool)];

    /// <summary>Whether connections to backends are made alike.</summary>
    public static bool SameConnections(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left[nameof(PoolOptions.BackendTls)] == right[nameof(PoolOptions.BackendTls)] && left[nameof(PoolOptions.HttpVersion)] == right[nameof(PoolOptions.HttpVersion)];

    private PoolProxyConfig Build() => new(
        [.. _options.Layer7.Routes.Select(route => ToRoute(route.Key, route.Value, ClusterOf(pools.Find(route.Value.Pool!)!.Name, route.Value.Timeouts.Connect)))],
        [.. Clusters().OrderBy(cluster => cluster.ClusterId, StringComparer.Ordinal)]);

    // A command may split any route among all pools that routes name. Usually all wait equally long for connections.
    private IEnumerable<ClusterConfig> Clusters() =>
        from pool in PoolsOf(_options.Layer7).Select(name => pools.Find(name)!)
        from connect in _options.Layer7.Routes.Values.Select(route => route.Timeouts.Connect).Distinct()
        select ToCluster(pool, connect);

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
        Transforms = TransformsOf(route),
        Metadata = new Dictionary<string, string>([.. CookieConditions.ToMetadata(route), .. ListenerConditions.ToMetadata(route)]),
    };

    private static IReadOnlyList<IReadOnlyDictionary<string, string>> TransformsOf(RouteOptions route)
    {
        // Configuration keys have no case.
        var transforms = route.Transforms.Select(transform => new Dictionary<string, string>(transform, StringComparer.OrdinalIgnoreCase));
        return route.RemovePrefix is { } prefix
            ? [new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["PathRemovePrefix"] = prefix.TrimEnd('/') }, .. transforms]
            : [.. transforms];
    }

    // Without destinations: which backend a request goes to is the pool's business, not YARP's.
    private static ClusterConfig ToCluster(BackendPool pool, TimeSpan connect) => new()
    {
        ClusterId = ClusterOf(pool.Name, connect),
        Metadata = new Dictionary<string, string>
        {
            [nameof(RouteOptions.Pool)] = pool.Name,
            [nameof(RouteTimeoutOptions.Connect)] = connect.TotalMilliseconds.ToString(CultureInfo.InvariantCulture),
            // A number that changes with the options; the options themselves have passwords.
            [nameof(PoolOptions.BackendTls)] = pool.Tls is { } tls ? tls.Id.ToString(CultureInfo.InvariantCulture) : "",
            [nameof(PoolOptions.HttpVersion)] = pool.Options.HttpVersion.ToString(),
        },
    };

    private static bool SameConnections(IReadOnlyList<ClusterConfig> left, IReadOnlyList<ClusterConfig> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => SameConnections(pair.First.Metadata!, pair.Second.Metadata!));
}
