using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// Takes a request that has a route to its backend at once. YARP's own pipeline, which its endpoints would run, only
/// looks for destinations that there are none of here.
/// </summary>
internal sealed class BalancingMiddleware(RequestDelegate next, BalancingEndpoint endpoint)
{
    public Task InvokeAsync(HttpContext context) => RouteTable.ModelOf(context) is null ? next(context) : endpoint.InvokeAsync(context);
}
