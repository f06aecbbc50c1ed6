using System.Diagnostics;
using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// The end of YARP's pipeline, in place of its own load balancing: picks a backend for each attempt, counts it as
/// active while the attempt lasts, tries another when that is safe, and says why when none answered.
/// </summary>
internal sealed partial class BalancingEndpoint(IForwarder forwarder, SessionAffinity affinity, ErrorAnswers errors, ILogger<BalancingEndpoint> logger)
{
    private const string SpanName = "pick";
    private const int MostAttempts = 3;

    public async Task InvokeAsync(HttpContext context)
    {
        if (BalancedRequest.Of(context) is not { } request)
        {
            await errors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Refusal.RouteRemoved, "The route was removed while the request was under way.");
            return;
        }

        var route = request.Route;
        var (backend, failure) = await PickAsync(context, request, []);
        if (backend is null)
        {
            route.RecordFailed();
            await RefuseAsync(context, request, failure);
            return;
        }

        route.RecordForwarded();
        Backend[] tried = [];
        while (true)
        {
            var attempt = new Attempt(request, backend, tried.Length + 1);
            request.Attempt = attempt;
            affinity.Keep(context, request, backend);
            ForwarderError error;
            try
            {
                error = await forwarder.SendAsync(context, attempt, CancellationToken.None);
            }
            finally
            {
                request.Pool.Release(backend);
            }

            if (error == ForwarderError.None)
            {
                backend.RecordSuccess();
                return;
            }

            tried = [.. tried, backend];
            if (tried.Length == MostAttempts || attempt.RequestSent || context.Response.HasStarted
                || (await PickAsync(context, request, tried)).Backend is not { } another)
            {
                await FailAsync(context, request, attempt, error);
                return;
            }

            request.Pool.ReportFailure(backend, Explain(attempt, error));
            Log.TriesAnother(logger, route.Name, backend, another, attempt.Exception?.Message);
            context.Response.Clear();
            backend = another;
        }
    }

    private async ValueTask<PickResult> PickAsync(HttpContext context, BalancedRequest request, Backend[] tried)
    {
        using var span = LoadBalancerTelemetry.Source.StartActivity(SpanName);
        var choosing = ChooseAsync(context, request, tried);
        var result = choosing.IsCompletedSuccessfully ? choosing.Result : await WaitAsync(request, choosing);
        if (span is not null)
        {
            Describe(span, request, result.Backend, tried.Length + 1);
        }

        return result;
    }

    private static async ValueTask<PickResult> WaitAsync(BalancedRequest request, ValueTask<PickResult> choosing)
    {
        var since = TimeProvider.System.GetTimestamp();
        var result = await choosing;
        request.QueueTime += TimeProvider.System.GetElapsedTime(since);
        return result;
    }

    private ValueTask<PickResult> ChooseAsync(HttpContext context, BalancedRequest request, Backend[] tried)
    {
        var pool = request.Pool;
        if (tried.Length == 0 && affinity.Find(context, request) is { } known)
        {
            return pool.AcquireAsync(known, context.RequestAborted);
        }

        var policy = request.Route.PolicyFor(pool);
        var key = request.Route.KeyOf(context);
        // A retry does not wait for room: it has waited once.
        return tried.Length == 0
            ? pool.PickAsync(policy, key, tried, context.RequestAborted)
            : new(pool.Pick(policy, key, tried) is { } backend ? new PickResult(backend, PickFailure.None) : new(null, PickFailure.NoBackend));
    }

    private static void Describe(Activity span, BalancedRequest request, Backend? backend, int attempt)
    {
        span.SetTag(LoadBalancerTelemetry.RouteKey, request.Route.Name);
        span.SetTag(LoadBalancerTelemetry.PoolKey, request.Pool.Name);
        span.SetTag(LoadBalancerTelemetry.PolicyKey, request.Route.PolicyFor(request.Pool).Kind.ToString());
        span.SetTag(LoadBalancerTelemetry.CandidatesKey, request.Pool.Snapshot.Available.Length);
        span.SetTag(LoadBalancerTelemetry.AttemptKey, attempt);
        span.SetTag(LoadBalancerTelemetry.BackendKey, backend?.Id);
        span.SetTag(LoadBalancerTelemetry.ReplicaKey, backend?.Name);
        if (backend is null)
        {
            span.SetStatus(ActivityStatusCode.Error, "no healthy backend");
        }
    }

    private Task RefuseAsync(HttpContext context, BalancedRequest request, PickFailure failure)
    {
        var (refusal, message) = failure switch
        {
            PickFailure.AtCapacity => (Refusal.QueueFull, $"Every backend of pool '{request.Pool.Name}' is at its limit ({failure}); route '{request.Route.Name}'."),
            PickFailure.QueueTimeout => (Refusal.QueueTimeout, $"Every backend of pool '{request.Pool.Name}' is at its limit ({failure}); route '{request.Route.Name}'."),
            _ => (Refusal.NoBackend, $"No healthy backend in pool '{request.Pool.Name}' for route '{request.Route.Name}'."),
        };
        return errors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, refusal, message);
    }

    private async Task FailAsync(HttpContext context, BalancedRequest request, Attempt attempt, ForwarderError error)
    {
        // A client that goes away is no failure of the backend.
        if (error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.UpgradeRequestCanceled
            or ForwarderError.RequestBodyClient or ForwarderError.UpgradeRequestClient
            or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient
            or ForwarderError.UpgradeResponseCanceled or ForwarderError.UpgradeResponseClient)
        {
            return;
        }

        var (route, pool, backend) = (request.Route, request.Pool, attempt.Backend);
        pool.ReportFailure(backend, Explain(attempt, error));
        route.RecordFailed();
        Log.Failed(logger, route.Name, backend, error, attempt.Exception?.Message);
        if (context.Response.HasStarted)
        {
            return;
        }

        // Nobody had the request: the service is not there, rather than its answer bad.
        await (!attempt.RequestSent
            ? errors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Refusal.NotConnected, $"No backend of pool '{pool.Name}' could be connected for route '{route.Name}'.")
            : errors.WriteAsync(
                context,
                context.Response.StatusCode,
                context.Response.StatusCode == StatusCodes.Status504GatewayTimeout ? Refusal.Timeout : Refusal.BadAnswer,
                $"The backend of pool '{pool.Name}' did not answer: {error}."));
    }

    private static string Explain(Attempt attempt, ForwarderError error) => attempt.Exception?.Message ?? error.ToString();

    private static partial class Log
    {
        [LoggerMessage(303, LogLevel.Debug, "Route {Route}: backend {Backend} cannot be connected, trying {Another}: {Message}")]
        public static partial void TriesAnother(ILogger logger, string route, Backend backend, Backend another, string? message);

        [LoggerMessage(302, LogLevel.Debug, "Route {Route}: backend {Backend} did not answer: {Error} {Message}")]
        public static partial void Failed(ILogger logger, string route, Backend backend, ForwarderError error, string? message);
    }
}
