using System.Diagnostics;
using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// Runs between YARP's pick and its forwarder: counts the backend as active while the request is under way, ends
/// the span of the pick, tries another backend when one cannot be connected, and says why when none answered.
/// </summary>
internal sealed partial class PickMiddleware(RequestDelegate next, RouteTable routes, BackendPools pools, ILogger<PickMiddleware> logger)
{
    private const int MostAttempts = 3;

    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        var proxy = context.GetReverseProxyFeature();
        var route = routes.Find(context);
        // The pool that the destinations came from, which during a reload may not be the route's any more.
        if (route is null || pools.Find(PoolProxyConfigProvider.PoolOf(proxy.Cluster.Config)) is not { } pool)
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "The route was removed while the request was under way.");
            return;
        }

        var (backend, refusal) = await AcquireAsync(context, proxy, route, pool);
        if (Activity.Current is { OperationName: PickSpanMiddleware.SpanName } span)
        {
            Describe(span, route, pool, backend, attempt: 1);
            span.Stop();
        }

        if (backend is null)
        {
            route.RecordFailed();
            Log.NoBackend(logger, route.Name, pool.Name, refusal);
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, refusal switch
            {
                PickFailure.NoBackend => $"No healthy backend in pool '{pool.Name}' for route '{route.Name}'.",
                _ => $"Every backend of pool '{pool.Name}' is at its limit ({refusal}); route '{route.Name}'.",
            });
            return;
        }

        route.RecordForwarded();
        await ForwardAsync(context, route, pool, backend);
    }

    private static ValueTask<PickResult> AcquireAsync(HttpContext context, IReverseProxyFeature proxy, Route route, BackendPool pool)
    {
        // The policy has picked, and counted it.
        if (context.Features.Get<Backend>() is { } picked)
        {
            return new(new PickResult(picked, PickFailure.None));
        }

        var destinations = proxy.AvailableDestinations;
        if (destinations.Count == 1 && pool.Snapshot.Find(destinations[0].DestinationId) is { } chosen)
        {
            return pool.AcquireAsync(chosen, context.RequestAborted);
        }

        return pool.Snapshot.Candidates.Count == 0
            ? new(new PickResult(null, PickFailure.NoBackend))
            : WaitAsync(context, proxy, route, pool);
    }

    private static async ValueTask<PickResult> WaitAsync(HttpContext context, IReverseProxyFeature proxy, Route route, BackendPool pool)
    {
        var result = await pool.PickAsync(route.OwnPolicy ?? pool.Policy, KeyOf(context), [], context.RequestAborted);
        if (result.Backend is { } backend)
        {
            if (await FindDestinationAsync(context, backend) is not { } destination)
            {
                pool.Release(backend);
                return new(null, PickFailure.NoBackend);
            }

            proxy.AvailableDestinations = destination;
        }

        return result;
    }

    // The first backend of a pool may be so new that YARP has yet to hear of it; that takes moments, not a refusal.
    private static async ValueTask<DestinationState?> FindDestinationAsync(HttpContext context, Backend backend)
    {
        var cluster = context.GetRouteModel().Cluster!;
        var since = TimeProvider.System.GetTimestamp();
        DestinationState? destination;
        while (!cluster.Destinations.TryGetValue(backend.Id, out destination) && TimeProvider.System.GetElapsedTime(since) < LongestLag)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        return destination;
    }

    private static ulong KeyOf(HttpContext context) => ClientHash.Of(context.Connection.RemoteIpAddress);

    private async Task ForwardAsync(HttpContext context, Route route, BackendPool pool, Backend backend)
    {
        Backend[] tried = [];
        while (true)
        {
            try
            {
                await next(context);
            }
            finally
            {
                pool.Release(backend);
            }

            if (context.Features.Get<IForwarderErrorFeature>() is not { } failure)
            {
                backend.RecordSuccess();
                return;
            }

            tried = [.. tried, backend];
            if (tried.Length == MostAttempts || !NothingWasSent(context, failure) || PickAnother(context, route, pool, tried) is not { } another)
            {
                await FailAsync(context, route, pool, backend, failure);
                return;
            }

            pool.ReportFailure(backend, Explain(failure));
            Log.TriesAnother(logger, route.Name, backend, another, failure.Exception?.Message);
            backend = another;
        }
    }

    // Without a connection the backend has seen nothing and the body was not read, so any request may go elsewhere.
    private static bool NothingWasSent(HttpContext context, IForwarderErrorFeature failure) =>
        !context.Response.HasStarted && failure.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError };

    private static Backend? PickAnother(HttpContext context, Route route, BackendPool pool, Backend[] tried)
    {
        using var span = LoadBalancerTelemetry.Source.StartActivity(PickSpanMiddleware.SpanName);
        var backend = pool.Pick(route.OwnPolicy ?? pool.Policy, KeyOf(context), tried);
        if (span is not null)
        {
            Describe(span, route, pool, backend, tried.Length + 1);
        }

        if (backend is null)
        {
            return null;
        }

        if (!context.GetRouteModel().Cluster!.Destinations.TryGetValue(backend.Id, out var destination))
        {
            // So new that YARP has yet to hear of it.
            pool.Release(backend);
            return null;
        }

        context.Features.Set<IForwarderErrorFeature>(null);
        context.Response.Clear();
        context.GetReverseProxyFeature().AvailableDestinations = destination;
        return backend;
    }

    private static void Describe(Activity span, Route route, BackendPool pool, Backend? backend, int attempt)
    {
        span.SetTag(LoadBalancerTelemetry.RouteKey, route.Name);
        span.SetTag(LoadBalancerTelemetry.PoolKey, pool.Name);
        span.SetTag(LoadBalancerTelemetry.PolicyKey, (route.OwnPolicy ?? pool.Policy).Kind.ToString());
        span.SetTag(LoadBalancerTelemetry.CandidatesKey, pool.Snapshot.Available.Length);
        span.SetTag(LoadBalancerTelemetry.AttemptKey, attempt);
        span.SetTag(LoadBalancerTelemetry.BackendKey, backend?.Id);
        span.SetTag(LoadBalancerTelemetry.ReplicaKey, backend?.Name);
        if (backend is null)
        {
            span.SetStatus(ActivityStatusCode.Error, "no healthy backend");
        }
    }

    private async Task FailAsync(HttpContext context, Route route, BackendPool pool, Backend backend, IForwarderErrorFeature failure)
    {
        // A client that goes away is no failure of the backend.
        if (failure.Error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.UpgradeRequestCanceled
            or ForwarderError.RequestBodyClient or ForwarderError.UpgradeRequestClient
            or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient
            or ForwarderError.UpgradeResponseCanceled or ForwarderError.UpgradeResponseClient)
        {
            return;
        }

        pool.ReportFailure(backend, Explain(failure));
        route.RecordFailed();
        Log.Failed(logger, route.Name, backend, failure.Error, failure.Exception?.Message);
        if (!context.Response.HasStarted)
        {
            // Nobody had the request: the service is not there, rather than its answer bad.
            await (NothingWasSent(context, failure)
                ? AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, $"No backend of pool '{pool.Name}' could be connected for route '{route.Name}'.")
                : AnswerAsync(context, context.Response.StatusCode, $"The backend of pool '{pool.Name}' did not answer: {failure.Error}."));
        }
    }

    private static string Explain(IForwarderErrorFeature failure) => failure.Exception?.Message ?? failure.Error.ToString();

    private static Task AnswerAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(message + "\n");
    }

    private static partial class Log
    {
        [LoggerMessage(301, LogLevel.Debug, "Route {Route}: no backend of pool {Pool}: {Failure}.")]
        public static partial void NoBackend(ILogger logger, string route, string pool, PickFailure failure);

        [LoggerMessage(303, LogLevel.Debug, "Route {Route}: backend {Backend} cannot be connected, trying {Another}: {Message}")]
        public static partial void TriesAnother(ILogger logger, string route, Backend backend, Backend another, string? message);

        [LoggerMessage(302, LogLevel.Debug, "Route {Route}: backend {Backend} did not answer: {Error} {Message}")]
        public static partial void Failed(ILogger logger, string route, Backend backend, ForwarderError error, string? message);
    }
}
