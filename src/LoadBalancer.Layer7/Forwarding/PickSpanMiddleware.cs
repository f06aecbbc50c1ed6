using LoadBalancer.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Starts the span of the pick, before affinity and policy; <see cref="PickMiddleware"/> ends it.</summary>
internal sealed class PickSpanMiddleware(RequestDelegate next)
{
    public const string SpanName = "pick";

    public async Task InvokeAsync(HttpContext context)
    {
        // Disposed here as well, for a request that affinity answers by itself.
        using var activity = LoadBalancerTelemetry.Source.StartActivity(SpanName);
        await next(context);
    }
}
