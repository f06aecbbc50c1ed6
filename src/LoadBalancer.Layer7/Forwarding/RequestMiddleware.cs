using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Gives each request that matched a route its <see cref="BalancedRequest"/>, and counts it by route: before the cache, since what YARP never sees was answered from there.</summary>
internal sealed class RequestMiddleware(RequestDelegate next, RouteTable routes)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (routes.Find(context) is not { } route)
        {
            await next(context);
            return;
        }

        var request = new BalancedRequest(route);
        if (route.Split is { } split)
        {
            request.Pool = split.Choose(context);
        }

        context.Features.Set(request);
        route.RecordRequest();
        await next(context);
        if (context.Features.Get<IReverseProxyFeature>() is null)
        {
            route.RecordCacheHit();
        }
    }
}
