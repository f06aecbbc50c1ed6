using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>Says what an attempt came to, and what that says of its backend.</summary>
internal static class AttemptJudge
{
    /// <summary>Finds out what an attempt came to, and which time-out ran out.</summary>
    public static AttemptResult Judge(Attempt attempt, ForwarderError error)
    {
        if (error == ForwarderError.None || attempt.Next is not null)
        {
            return AttemptResult.Answered;
        }

        attempt.Timeout ??= attempt.Deadline?.Expired ?? IdleTimeout(attempt, error);
        if (attempt.Timeout is not null)
        {
            return AttemptResult.TimedOut;
        }

        return error switch
        {
            ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.UpgradeRequestCanceled
                or ForwarderError.RequestBodyClient or ForwarderError.UpgradeRequestClient
                or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient
                or ForwarderError.UpgradeResponseCanceled or ForwarderError.UpgradeResponseClient => AttemptResult.ClientGone,
            ForwarderError.RequestCreation => AttemptResult.NotSendable,
            _ => attempt.RequestSent ? AttemptResult.Broken : AttemptResult.NotConnected,
        };
    }

    /// <summary>Tells the pool how its backend did: once for each attempt.</summary>
    public static void Report(Attempt attempt, AttemptResult result, ForwarderError error)
    {
        var (pool, backend) = (attempt.Request.Pool, attempt.Backend);
        switch (result)
        {
            case AttemptResult.Answered when attempt.Status >= 500 && pool.Options.OutlierEjection.ServerErrors:
                pool.ReportFailure(backend, $"status {attempt.Status}");
                break;
            // An event stream or a WebSocket ends by the client's going away, and has done well.
            case AttemptResult.Answered or AttemptResult.ClientGone when attempt.FirstByteAt != 0:
            case AttemptResult.TimedOut when attempt.IsUpgraded:
                backend.RecordSuccess();
                break;
            // What comes long after the head says nothing of the next request.
            case AttemptResult.Broken when attempt.IsUpgraded:
                backend.RecordFailure();
                Instruments.RecordFailure(pool.Name, backend);
                break;
            // In the midst of an answer it may be the client that is slow.
            case AttemptResult.TimedOut when attempt.FirstByteAt != 0:
            case AttemptResult.Answered or AttemptResult.ClientGone or AttemptResult.NotSendable:
                break;
            default:
                pool.ReportFailure(backend, Explain(attempt, error));
                break;
        }
    }

    /// <summary>Why the client does not get what came of it, for the log.</summary>
    public static string Explain(Attempt attempt, ForwarderError error) =>
        attempt.Timeout is { } timeout ? $"time-out {timeout}"
        : error == ForwarderError.None ? $"status {attempt.Status}"
        : attempt.Exception?.Message ?? error.ToString();

    // YARP tells the end of an upgraded connection and of a wait apart, but not the end of an answer's body: a client
    // that goes away ends it as well.
    private static RouteTimeout? IdleTimeout(Attempt attempt, ForwarderError error) => error switch
    {
        ForwarderError.RequestTimedOut or ForwarderError.UpgradeActivityTimeout => RouteTimeout.Idle,
        ForwarderError.ResponseBodyCanceled when !attempt.Context.RequestAborted.IsCancellationRequested
            && TimeProvider.System.GetElapsedTime(attempt.FirstByteAt) >= attempt.Request.Route.Options.Timeouts.Idle => RouteTimeout.Idle,
        _ => null,
    };
}
