using System.Diagnostics;
using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// Runs between YARP's pick and its forwarder: counts the backend as active while the request is under way, ends
/// the span of the pick, and says why when there is no backend or it did not answer.
/// </summary>
internal sealed partial class PickMiddleware(RequestDelegate next, RouteTable routes, ILogger<PickMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (routes.Find(context) is not { } route)
        {
            // The route went with a reload between the match and here.
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var destinations = context.GetReverseProxyFeature().AvailableDestinations;
        var backend = destinations.Count == 0 ? null : route.Pool.Snapshot.Find(destinations[0].DestinationId);
        EndPickSpan(route, backend);
        if (backend is null)
        {
            route.RecordFailed();
            Log.NoBackend(logger, route.Name, route.Pool.Name);
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, $"No healthy backend in pool '{route.Pool.Name}' for route '{route.Name}'.");
            return;
        }

        route.Pool.Acquire(backend);
        try
        {
            route.RecordForwarded();
            await next(context);
            if (context.Features.Get<IForwarderErrorFeature>() is { } failure)
            {
                await FailAsync(context, route, backend, failure);
            }
        }
        finally
        {
            route.Pool.Release(backend);
        }
    }

    private static void EndPickSpan(Route route, Backend? backend)
    {
        if (Activity.Current is not { OperationName: PickSpanMiddleware.SpanName } activity)
        {
            return;
        }

        activity.SetTag(LoadBalancerTelemetry.RouteKey, route.Name);
        activity.SetTag(LoadBalancerTelemetry.PoolKey, route.Pool.Name);
        activity.SetTag(LoadBalancerTelemetry.PolicyKey, route.Policy.Kind.ToString());
        activity.SetTag(LoadBalancerTelemetry.CandidatesKey, route.Pool.Snapshot.Available.Length);
        activity.SetTag(LoadBalancerTelemetry.BackendKey, backend?.Id);
        activity.SetTag(LoadBalancerTelemetry.ReplicaKey, backend?.Name);
        if (backend is null)
        {
            activity.SetStatus(ActivityStatusCode.Error, "no healthy backend");
        }

        activity.Stop();
    }

    private async Task FailAsync(HttpContext context, Route route, Backend backend, IForwarderErrorFeature failure)
    {
        // A client that goes away is no failure of the backend.
        if (failure.Error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.UpgradeRequestCanceled
            or ForwarderError.RequestBodyClient or ForwarderError.UpgradeRequestClient
            or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient
            or ForwarderError.UpgradeResponseCanceled or ForwarderError.UpgradeResponseClient)
        {
            return;
        }

        backend.RecordFailure();
        route.RecordFailed();
        Log.Failed(logger, route.Name, backend, failure.Error, failure.Exception?.Message);
        if (!context.Response.HasStarted)
        {
            await AnswerAsync(context, context.Response.StatusCode, $"The backend of pool '{route.Pool.Name}' did not answer: {failure.Error}.");
        }
    }

    private static Task AnswerAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(message + "\n");
    }

    private static partial class Log
    {
        [LoggerMessage(301, LogLevel.Debug, "Route {Route}: no healthy backend in pool {Pool}.")]
        public static partial void NoBackend(ILogger logger, string route, string pool);

        [LoggerMessage(302, LogLevel.Debug, "Route {Route}: backend {Backend} did not answer: {Error} {Message}")]
        public static partial void Failed(ILogger logger, string route, Backend backend, ForwarderError error, string? message);
    }
}
