using System.Collections.Frozen;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Shaping;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Routing;

/// <summary>The routes in force, found by the endpoint that ASP.NET Core's routing chose.</summary>
internal sealed class RouteTable
{
    private readonly Lock _changing = new();
    private volatile FrozenDictionary<string, Route> _routes = FrozenDictionary<string, Route>.Empty;

    public IReadOnlyCollection<Route> All => _routes.Values;

    /// <summary>Replaces the routes; one that stays keeps its figures, and what commands have set.</summary>
    public void Apply(LoadBalancerOptions options, BackendPools pools)
    {
        lock (_changing)
        {
            var before = _routes;
            _routes = options.Layer7.Routes
                .Select(pair => Create(pair.Key, pair.Value, pools, before.GetValueOrDefault(pair.Key)))
                .ToFrozenDictionary(route => route.Name, StringComparer.OrdinalIgnoreCase);
        }
    }

    /// <summary>The route of a name; null when there is none.</summary>
    public Route? Find(string name) => _routes.GetValueOrDefault(name);

    /// <summary>Gives a route other shares, until the configuration gives it others than it does now.</summary>
    /// <returns>Whether there is such a route.</returns>
    public bool TrySplit(string name, IReadOnlyDictionary<string, int> percents, BackendPools pools)
    {
        lock (_changing)
        {
            if (Find(name) is not { } route)
            {
                return false;
            }

            route.Split = Split.Create(route.Name, route.Options.Split ?? new(), route.Pool, percents, pools, isCommanded: true, route.Split);
            return true;
        }
    }

    /// <summary>Forgets what routes remember of clients that did not come for too long. To be called from time to time.</summary>
    public void Sweep()
    {
        foreach (var route in _routes.Values)
        {
            route.Sources?.Sweep();
        }
    }

    /// <summary>YARP's form of the route that matched a request; null when none did.</summary>
    public static RouteModel? ModelOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>();

    /// <summary>The route that matched a request; null when none did, or when it went with a reload meanwhile.</summary>
    public Route? Find(HttpContext context) =>
        ModelOf(context) is { } model ? _routes.GetValueOrDefault(model.Config.RouteId) : null;

    private static Route Create(string name, RouteOptions options, BackendPools pools, Route? before)
    {
        var pool = pools.Find(options.Pool!)!;
        return new(name, options, pool, before)
        {
            Split = SplitOf(name, options, pool, pools, before),
            Mirror = options.Mirror is { } mirror ? new Mirror(name, mirror, pools.Find(mirror.Pool!)!, before?.Mirror) : null,
        };
    }

    private static Split? SplitOf(string name, RouteOptions options, BackendPool pool, BackendPools pools, Route? before)
    {
        if (before?.Split is { IsCommanded: true } split && before.Pool == pool && Split.AreSame(before.Options.Split, options.Split)
            && split.Shares.All(share => pools.Find(share.Pool.Name) == share.Pool))
        {
            return split;
        }

        return options.Split is { } configured ? Split.Create(name, configured, pool, configured.Pools, pools, isCommanded: false, before?.Split) : null;
    }
}
