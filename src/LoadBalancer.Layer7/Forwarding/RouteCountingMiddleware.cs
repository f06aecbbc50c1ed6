using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Counts requests by route, before the cache: what YARP never sees was answered from there.</summary>
internal sealed class RouteCountingMiddleware(RequestDelegate next, RouteTable routes)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (routes.Find(context) is not { } route)
        {
            await next(context);
            return;
        }

        route.RecordRequest();
        await next(context);
        if (context.Features.Get<IReverseProxyFeature>() is null)
        {
            route.RecordCacheHit();
        }
    }
}
