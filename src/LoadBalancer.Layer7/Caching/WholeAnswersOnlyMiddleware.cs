using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// Runs inside the output cache and keeps half an answer out of it: the policy is asked before the body comes, and
/// only afterwards is it known whether backend or client broke off.
/// </summary>
internal sealed class WholeAnswersOnlyMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var broken = context.RequestAborted.IsCancellationRequested || context.Features.Get<IForwarderErrorFeature>() is not null;
        if (broken && context.Features.Get<IOutputCacheFeature>() is { } cache)
        {
            cache.Context.AllowCacheStorage = false;
        }
    }
}
