using System.Globalization;
using LoadBalancer.Backends;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>Tells a client that no backend answered, and why.</summary>
internal sealed class FailureAnswers(ErrorAnswers errors)
{
    /// <summary>No backend could be picked.</summary>
    public Task NotPickedAsync(HttpContext context, BalancedRequest request, PickFailure failure)
    {
        var (refusal, message) = failure switch
        {
            _ when request.Affinity == AffinityState.Refused => (Refusal.SessionGone, SessionAffinity.Explain(request)),
            PickFailure.AtCapacity => (Refusal.QueueFull, $"Every backend of pool '{request.Pool.Name}' is at its limit ({failure}); route '{request.Route.Name}'."),
            PickFailure.QueueTimeout => (Refusal.QueueTimeout, $"Every backend of pool '{request.Pool.Name}' is at its limit ({failure}); route '{request.Route.Name}'."),
            _ => (Refusal.NoBackend, $"No healthy backend in pool '{request.Pool.Name}' for route '{request.Route.Name}'. {StateOf(request.Pool)}"),
        };
        return errors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, refusal, message);
    }

    /// <summary>The last attempt failed, and nothing of an answer has gone out.</summary>
    public Task FailedAsync(Attempt attempt, AttemptResult result, ForwarderError error)
    {
        var (context, request) = (attempt.Context, attempt.Request);
        return result switch
        {
            _ when request.Affinity == AffinityState.Refused => errors.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, Refusal.SessionGone, SessionAffinity.Explain(request)),
            AttemptResult.TimedOut => TimedOutAsync(context, request, attempt.Timeout!.Value),
            AttemptResult.NotConnected when HandshakeFault.Of(attempt.Exception) is { } fault => errors.WriteAsync(
                context, StatusCodes.Status502BadGateway, Refusal.NotConnected, $"No backend of pool '{request.Pool.Name}' could be connected for route '{request.Route.Name}': the TLS handshake failed. {fault}"),
            // Nobody had the request: the service is not there, rather than its answer bad.
            AttemptResult.NotConnected => errors.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, Refusal.NotConnected, $"No backend of pool '{request.Pool.Name}' could be connected for route '{request.Route.Name}'. {StateOf(request.Pool)}"),
            AttemptResult.NotSendable => errors.WriteAsync(
                context, StatusCodes.Status502BadGateway, Refusal.BadAnswer, $"The request could not be sent to pool '{request.Pool.Name}' by route '{request.Route.Name}'."),
            _ => errors.WriteAsync(
                context, StatusCodes.Status502BadGateway, Refusal.BadAnswer, $"The backend of pool '{request.Pool.Name}' did not answer route '{request.Route.Name}': {Describe(error, attempt.Exception)}."),
        };
    }

    // What somebody who has just started everything wants to know: that nothing is there yet, or that something is wrong with it.
    private static string StateOf(BackendPool pool)
    {
        var members = pool.Snapshot.Members;
        return members.Length == 0
            ? "No backend is known: its service has not started yet, or is stopped."
            : $"Its backends: {string.Join(", ", members.ToArray().CountBy(backend => backend.State).OrderBy(state => state.Key).Select(state => string.Create(CultureInfo.InvariantCulture, $"{state.Value} {Describe(state.Key)}")))}.";
    }

    private static string Describe(BackendState state) => state switch
    {
        BackendState.Checking => "not checked yet",
        BackendState.SlowStart => "starting slowly",
        _ => state.ToString().ToLowerInvariant(),
    };

    // Without the backend's address or words: those are for detailed errors.
    private static string Describe(ForwarderError error, Exception? cause) => (error, cause) switch
    {
        (ForwarderError.RequestBodyDestination, _) => "it took no more of the request's body",
        (ForwarderError.ResponseBodyDestination, _) => "it broke off its answer",
        (ForwarderError.ResponseHeaders, _) => "what it sent cannot be passed on",
        (_, HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }) => "what it sent cannot be read",
        _ => "it broke off before it answered",
    };

    /// <summary>A time-out ran out.</summary>
    public Task TimedOutAsync(HttpContext context, BalancedRequest request, RouteTimeout kind)
    {
        var (route, pool, timeouts) = (request.Route.Name, request.Pool.Name, request.Route.Options.Timeouts);
        var (what, span) = kind switch
        {
            RouteTimeout.Connect => ($"No backend of pool '{pool}' accepted a connection", timeouts.Connect),
            RouteTimeout.FirstByte => ($"No backend of pool '{pool}' began to answer", timeouts.FirstByte!.Value),
            RouteTimeout.Total => ($"Pool '{pool}' did not answer to the end", timeouts.Total!.Value),
            _ => ($"Pool '{pool}' sent nothing", timeouts.Idle),
        };
        return errors.WriteAsync(
            context, StatusCodes.Status504GatewayTimeout, Refusal.Timeout,
            string.Create(CultureInfo.InvariantCulture, $"{what} within {span.TotalSeconds:0.###} s (Timeouts:{kind} of route '{route}')."));
    }
}
