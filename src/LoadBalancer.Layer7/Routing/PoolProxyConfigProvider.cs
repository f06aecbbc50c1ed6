using System.Globalization;
using System.Text.Json;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.SessionAffinity;

namespace LoadBalancer.Layer7.Routing;

/// <summary>
/// Gives YARP its configuration: routes from the options, destinations from the pools. Routes of the same pool with
/// the same affinity share a cluster, and with it the connections to the backends.
/// </summary>
internal sealed class PoolProxyConfigProvider(BackendPools pools) : IProxyConfigProvider
{
    private readonly Lock _writing = new();
    private LoadBalancerOptions _options = new();
    private volatile PoolProxyConfig _config = new([], []);

    public IProxyConfig GetConfig() => _config;

    /// <summary>Takes new routes.</summary>
    /// <returns>Whether they differ from those in force.</returns>
    public bool Apply(LoadBalancerOptions options)
    {
        lock (_writing)
        {
            var changed = JsonSerializer.Serialize(options.Layer7, ConfigurationJsonContext.Default.Layer7Options)
                != JsonSerializer.Serialize(_options.Layer7, ConfigurationJsonContext.Default.Layer7Options);
            _options = options;
            if (changed)
            {
                Publish(Build());
            }

            return changed;
        }
    }

    /// <summary>Takes the pools' members as they are now; does nothing when they are those already in force.</summary>
    public void FollowPools()
    {
        lock (_writing)
        {
            if (_options.Layer7.Routes.Values.Any(route => pools.Find(route.Pool!) is null))
            {
                // A reload took a pool away; the routes that go with it follow in a moment.
                return;
            }

            var config = Build();
            if (!SameDestinations(_config.Clusters, config.Clusters))
            {
                Publish(config);
            }
        }
    }

    /// <summary>The pool that a cluster stands for.</summary>
    public static string PoolOf(ClusterConfig cluster) => PoolOf(cluster.Metadata!);

    /// <summary>The pool that a cluster's metadata name.</summary>
    public static string PoolOf(IReadOnlyDictionary<string, string> metadata) => metadata[nameof(RouteOptions.Pool)];

    /// <summary>Whether connections to backends are made alike.</summary>
    public static bool SameTls(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.GetValueOrDefault(nameof(PoolOptions.BackendTls)) == right.GetValueOrDefault(nameof(PoolOptions.BackendTls));

    private void Publish(PoolProxyConfig config)
    {
        var before = _config;
        _config = config;
        before.SignalChange();
    }

    private PoolProxyConfig Build()
    {
        var clusters = new Dictionary<string, ClusterConfig>(StringComparer.Ordinal);
        var routes = new List<RouteConfig>();
        foreach (var (name, route) in _options.Layer7.Routes)
        {
            var pool = pools.Find(route.Pool!)!;
            var cookie = route.SessionAffinity?.CookieFor(pool.Name);
            var clusterId = cookie is null ? pool.Name : $"{pool.Name}, cookie {cookie}";
            clusters.TryAdd(clusterId, ToCluster(clusterId, pool, cookie));
            routes.Add(ToRoute(name, route, clusterId));
        }

        return new PoolProxyConfig(routes, [.. clusters.Values]);
    }

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

    private static ClusterConfig ToCluster(string clusterId, BackendPool pool, string? affinityCookie) => new()
    {
        ClusterId = clusterId,
        LoadBalancingPolicy = PoolLoadBalancingPolicy.PolicyName,
        Destinations = pool.Snapshot.Members
            .Where(backend => backend.State != BackendState.Draining)
            .ToDictionary(backend => backend.Id, ToDestination, StringComparer.OrdinalIgnoreCase),
        HealthCheck = new HealthCheckConfig { AvailableDestinationsPolicy = PoolAvailableDestinationsPolicy.PolicyName },
        SessionAffinity = affinityCookie is null ? null : new SessionAffinityConfig
        {
            Enabled = true,
            Policy = SessionAffinityConstants.Policies.HashCookie,
            FailurePolicy = SessionAffinityConstants.FailurePolicies.Redistribute,
            AffinityKeyName = affinityCookie,
            Cookie = new SessionAffinityCookieConfig { HttpOnly = true, Path = "/", SameSite = SameSiteMode.Lax },
        },
        Metadata = new Dictionary<string, string>
        {
            [nameof(RouteOptions.Pool)] = pool.Name,
            // A number that changes with the options; the options themselves have passwords.
            [nameof(PoolOptions.BackendTls)] = pool.Tls is { } tls ? tls.Id.ToString(CultureInfo.InvariantCulture) : "",
        },
    };

    private static DestinationConfig ToDestination(Backend backend) =>
        new() { Address = $"{(backend.IsHttps ? "https" : "http")}://{backend.Id}/" };

    private static bool SameDestinations(IReadOnlyList<ClusterConfig> left, IReadOnlyList<ClusterConfig> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => SameDestinations(pair.First.Destinations!, pair.Second.Destinations!) && SameTls(pair.First.Metadata!, pair.Second.Metadata!));

    private static bool SameDestinations(IReadOnlyDictionary<string, DestinationConfig> left, IReadOnlyDictionary<string, DestinationConfig> right) =>
        left.Count == right.Count && left.All(pair => right.TryGetValue(pair.Key, out var other) && other.Address == pair.Value.Address);
}
