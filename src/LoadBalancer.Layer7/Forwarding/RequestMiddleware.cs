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
            var request = new BalancedRequest(route);
            if (route.Split is { } split)
            {
                request.Pool = split.Choose(context);
            }

            context.Features.Set(request);
            route.RecordRequest();
        }

        return next(context);
    }
}
