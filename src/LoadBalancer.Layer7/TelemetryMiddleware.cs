using System.Diagnostics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.AccessLog;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Caching;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7;

/// <summary>
/// Around everything else: measures each request, and adds to its server span, which is ASP.NET Core's, what the balancer
/// did. While nobody listens it is one check.
/// </summary>
internal sealed class TelemetryMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) => Layer7Telemetry.IsHeard ? MeasureAsync(context) : next(context);

    private async Task MeasureAsync(HttpContext context)
    {
        var since = TimeProvider.System.GetTimestamp();
        var span = Activity.Current is { IsAllDataRequested: true } recorded ? recorded : null;
        if (span is not null)
        {
            // Whoever stands in front, before forwarded headers say who is behind.
            span.SetTag("network.peer.address", context.Connection.RemoteIpAddress?.ToString());
            span.SetTag("network.peer.port", context.Connection.RemotePort);
        }

        var (listener, traffic) = Layer7Telemetry.IsMeasured && context.Features.Get<Listener>() is { } found ? (found, Traffic.Of(context)) : default;
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            var request = BalancedRequest.Of(context);
            Layer7Telemetry.RecordRequest(request, AccessLogEntry.StatusOf(context, failure), TimeProvider.System.GetElapsedTime(since));
            if (traffic is not null)
            {
                listener!.Traffic.RecordBytes(traffic.In, HttpMethods.IsHead(context.Request.Method) ? 0 : traffic.Out);
            }

            if (span is not null)
            {
                Describe(span, context, request);
            }
        }
    }

    private static void Describe(Activity span, HttpContext context, BalancedRequest? request)
    {
        span.SetTag("client.address", context.Connection.RemoteIpAddress?.ToString());
        span.SetTag(LoadBalancerTelemetry.ListenerKey, context.Features.Get<Listener>()?.Name);
        if (request is not null)
        {
            span.SetTag(LoadBalancerTelemetry.RouteKey, request.Route.Name);
            span.SetTag(LoadBalancerTelemetry.PoolKey, request.Pool.Name);
            span.SetTag(LoadBalancerTelemetry.CacheKey, AnswerCache.NameOf(request.Cache));
            span.SetTag(LoadBalancerTelemetry.AffinityKey, SessionAffinity.NameOf(request.Affinity));
            if (request.Attempt is { } attempt)
            {
                span.SetTag(LoadBalancerTelemetry.BackendKey, attempt.Backend.Id);
                span.SetTag(LoadBalancerTelemetry.ReplicaKey, attempt.Backend.Name);
                span.SetTag(LoadBalancerTelemetry.AttemptKey, attempt.Number);
            }

            if (request.QueueTime > TimeSpan.Zero)
            {
                span.SetTag("lb.queue.duration", request.QueueTime.TotalSeconds);
            }
        }

        if (Refused.Of(context) is { } refusal)
        {
            span.SetTag(LoadBalancerTelemetry.ReasonKey, refusal.ToString());
        }
    }
}
