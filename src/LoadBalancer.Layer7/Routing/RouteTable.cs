using System.Collections.Frozen;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Routing;

/// <summary>The routes in force, found by the endpoint that ASP.NET Core's routing chose.</summary>
internal sealed class RouteTable
{
    private volatile FrozenDictionary<string, Route> _routes = FrozenDictionary<string, Route>.Empty;

    public IReadOnlyCollection<Route> All => _routes.Values;

    /// <summary>Replaces the routes; one that stays keeps its figures.</summary>
    public void Apply(LoadBalancerOptions options, BackendPools pools)
    {
        var before = _routes;
        _routes = options.Layer7.Routes
            .Select(pair => new Route(pair.Key, pair.Value, pools.Find(pair.Value.Pool!)!, before.GetValueOrDefault(pair.Key)))
            .ToFrozenDictionary(route => route.Name, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Forgets what routes remember of clients that did not come for too long. To be called from time to time.</summary>
    public void Sweep()
    {
        foreach (var route in _routes.Values)
        {
            route.Sources?.Sweep();
        }
    }

    /// <summary>The route that matched a request; null when none did, or when it went with a reload meanwhile.</summary>
    public Route? Find(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>() is { } model ? _routes.GetValueOrDefault(model.Config.RouteId) : null;
}
