using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Configuration;

namespace LoadBalancer.Layer7.Routing;

/// <summary>The listeners that a route is for: metadata of its endpoint, read by <see cref="ListenerMatcherPolicy"/>.</summary>
internal sealed class ListenerConditions(string[] names) : IRouteConditions
{
    // Names are keys of the configuration, which have none of these.
    private const char Separator = '\n';

    /// <summary>Puts the names where YARP compares them: a route of which only they change is another route.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ToMetadata(Configuration.RouteOptions route) =>
        route.Listeners.Length == 0 ? [] : [new(nameof(Configuration.RouteOptions.Listeners), string.Join(Separator, route.Listeners))];

    /// <summary>Gives a route's endpoint its conditions.</summary>
    public static void AddTo(IEndpointConventionBuilder endpoint, RouteConfig route)
    {
        if (route.Metadata?.GetValueOrDefault(nameof(Configuration.RouteOptions.Listeners)) is { } names)
        {
            endpoint.WithMetadata(new ListenerConditions(names.Split(Separator)));
        }
    }

    /// <summary>Whether a request came in by one of the listeners.</summary>
    public bool Hold(HttpContext context)
    {
        var listener = context.Features.Get<Listener>()?.Name;
        foreach (var name in names)
        {
            if (name.Equals(listener, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
