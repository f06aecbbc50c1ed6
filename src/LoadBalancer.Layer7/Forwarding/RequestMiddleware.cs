using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Gives each request that matched a route its <see cref="BalancedRequest"/>, and counts it by route.</summary>
internal sealed class RequestMiddleware(RequestDelegate next, RouteTable routes)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (routes.Find(context) is { } route)
        {
            context.Features.Set(new BalancedRequest(route));
            route.RecordRequest();
        }

        return next(context);
    }
}
