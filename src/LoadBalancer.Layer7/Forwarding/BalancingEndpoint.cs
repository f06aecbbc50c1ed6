using LoadBalancer.Backends;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Faults;
using LoadBalancer.Layer7.Resilience;
using LoadBalancer.Layer7.Shaping;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// The end of the pipeline, in place of YARP's own load balancing: picks a backend for each attempt, counts it as
/// active while the attempt lasts, tries another when that is safe, and says why when none answered.
/// </summary>
internal sealed partial class BalancingEndpoint(
    IForwarder forwarder, SessionAffinity affinity, FaultInjector faults, MirrorSender mirrors, FailureAnswers failures, ErrorAnswers errors, ILogger<BalancingEndpoint> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (BalancedRequest.Of(context) is not { } request)
        {
            await errors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Refusal.RouteRemoved, "The route was removed while the request was under way.");
            return;
        }

        var (route, pool) = (request.Route, request.Pool);
        Prepare(context, request);
        try
        {
            var (next, failure) = await PickAsync(context, request);
            if (next is null)
            {
                await RefuseAsync(context, request, failure);
                return;
            }

            while (next is { } backend)
            {
                var source = new FaultSource(route, pool, backend);
                var held = TimeSpan.Zero;
                if (source.Faults is { } inForce)
                {
                    var isBackends = source.IsOfBackend;
                    var since = TimeProvider.System.GetTimestamp();
                    if (await IsEndedByFaultAsync(context, request, backend, inForce, isBackends ? since : null))
                    {
                        return;
                    }

                    held = isBackends ? TimeProvider.System.GetElapsedTime(since) : TimeSpan.Zero;
                }

                var attempt = Begin(context, request, backend, held);
                // One that is hedged has a span for each backend.
                attempt.Span = attempt.Hedge is null ? AttemptSpan.Start(attempt) : null;
                ForwarderError error;
                AttemptResult result;
                try
                {
                    error = await forwarder.SendAsync(context, attempt, attempt.Deadline?.Token ?? CancellationToken.None);
                    result = AttemptJudge.Judge(attempt, error);
                    if (attempt.Span is { } span)
                    {
                        AttemptSpan.End(span, attempt, result, AttemptJudge.Explain(attempt, error));
                    }

                    if (error != ForwarderError.None && attempt.FirstByteAt == 0)
                    {
                        // Whoever gave up, it took that long at least.
                        attempt.RecordLatency();
                    }

                    // Before the backend is given back: whoever waits for room must not get one that is about to be ejected.
                    AttemptJudge.Report(attempt, result, error);
                }
                finally
                {
                    attempt.Span?.Dispose();
                    attempt.Deadline?.Dispose();
                    pool.Release(attempt.Backend);
                }

                next = attempt.Next;
                if (result is not (AttemptResult.Answered or AttemptResult.ClientGone))
                {
                    next = await FailAsync(attempt, result, error);
                }

                if (next is not null && !await IsReadyAgainAsync(attempt, next, AttemptJudge.Explain(attempt, error)))
                {
                    next = null;
                }
            }
        }
        finally
        {
            request.Copy?.RequestEnded();
            if (request.Body is { } body)
            {
                await body.RequestEndedAsync();
            }
        }
    }

    /// <summary>Asked when the head of an answer has come: whether the client gets it.</summary>
    /// <returns>The backend of another attempt, which takes its place; null when the client gets it.</returns>
    public Backend? Accept(Attempt attempt)
    {
        var (context, request) = (attempt.Context, attempt.Request);
        if (Retries.IsRetried(request.Route.Options.Retry, attempt.Status) && Retries.InPlaceOfAnswer(attempt) is { } next)
        {
            return next;
        }

        request.Route.Split?.Keep(context, request.Pool);
        affinity.Keep(context, request, attempt.Backend);
        return null;
    }

    /// <summary>Picks a further backend. It does not wait for room: the request has waited once.</summary>
    public static Backend? PickAnother(Attempt attempt, Backend[] excluded)
    {
        var request = attempt.Request;
        using var span = PickSpan.StartAfter(attempt);
        var policy = request.Route.PolicyFor(request.Pool);
        var backend = SessionAffinity.TryMove(request) ? request.Pool.Pick(policy, request.Route.KeyOf(attempt.Context, policy), excluded) : null;
        if (span is not null)
        {
            PickSpan.Describe(span, request, new(backend, backend is null ? PickFailure.NoBackend : PickFailure.None), excluded.Length, attempt.Number + 1);
        }

        return backend;
    }

    // What watches, keeps or copies the request costs something, and is there only where the route asks for it.
    private void Prepare(HttpContext context, BalancedRequest request)
    {
        request.Inspect(context);
        var options = request.Route.Options;
        if (request.Route.Mirror is { } mirror)
        {
            mirrors.Begin(context, request, mirror);
        }

        if (!request.HasBody)
        {
            return;
        }

        var isRepeatable = request.IsIdempotent && options.Retry.Attempts > 1 && !(context.Request.ContentLength > Retries.MostKept);
        var most = Math.Max(isRepeatable ? Retries.MostKept : 0, request.Copy is null ? 0 : options.Mirror!.MaxBodySize);
        if (most > 0 || request.Copy is not null || options.Timeouts.FirstByte is not null)
        {
            request.Body = new KeptBody(context, request, most);
        }
    }

    // Where the fault is the backend's, what it makes the client wait for is as well.
    private async ValueTask<bool> IsEndedByFaultAsync(HttpContext context, BalancedRequest request, Backend backend, FaultOptions inForce, long? backendsSince)
    {
        var isOver = true;
        try
        {
            return isOver = await faults.EndsAsync(context, request, backend, inForce);
        }
        finally
        {
            if (isOver)
            {
                // One that is answered at once says nothing of how long the backend takes.
                if (backendsSince is { } since && TimeProvider.System.GetElapsedTime(since) is { TotalMilliseconds: >= 1 } elapsed)
                {
                    backend.RecordLatency(elapsed);
                }

                request.Pool.Release(backend);
            }
        }
    }

    private Attempt Begin(HttpContext context, BalancedRequest request, Backend backend, TimeSpan held)
    {
        if (request.Attempts == 0)
        {
            request.Route.RecordForwarded();
            request.Route.Budget.RecordRequest();
        }

        var options = request.Route.Options;
        // A session that has its backend is not for another to answer.
        var isHedged = request is { IsIdempotent: true, HasBody: false, IsUpgrade: false } && request.Affinity != AffinityState.Kept;
        return request.Attempt = new Attempt(this, context, request, backend, request.Attempts + 1)
        {
            Held = held,
            Hedge = isHedged ? options.Hedge : null,
            Deadline = options.Timeouts is { FirstByte: null, Total: null }
                ? null
                : AttemptDeadline.Start(options.Timeouts.FirstByte, options.Timeouts.Total, request.StartedAt, sendsBody: request.Body is not null),
        };
    }

    private async ValueTask<PickResult> PickAsync(HttpContext context, BalancedRequest request)
    {
        using var span = PickSpan.Start();
        var choosing = request.TimeLeft is { } left ? ChooseWithinAsync(context, request, left) : ChooseAsync(context, request, context.RequestAborted);
        var result = choosing.IsCompletedSuccessfully ? choosing.Result : await WaitAsync(request, choosing);
        if (span is not null)
        {
            PickSpan.Describe(span, request, result, tried: 0, attempt: 1);
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

    private async ValueTask<PickResult> ChooseWithinAsync(HttpContext context, BalancedRequest request, TimeSpan left)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return await ChooseAsync(context, request, patience.Token);
    }

    private ValueTask<PickResult> ChooseAsync(HttpContext context, BalancedRequest request, CancellationToken cancellation)
    {
        if (affinity.Find(context, request) is { } known)
        {
            return request.Pool.AcquireAsync(known, cancellation);
        }

        if (request.Affinity == AffinityState.Refused)
        {
            return new(new PickResult(null, PickFailure.NoBackend));
        }

        var policy = request.Route.PolicyFor(request.Pool);
        return request.Pool.PickAsync(policy, request.Route.KeyOf(context, policy), [], cancellation);
    }

    private Task RefuseAsync(HttpContext context, BalancedRequest request, PickFailure failure)
    {
        if (failure != PickFailure.Cancelled)
        {
            request.Route.RecordFailed();
            return failures.NotPickedAsync(context, request, failure);
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }

        request.Route.RecordFailed();
        request.Route.Resilience.RecordTimeout(RouteTimeout.Total);
        return failures.TimedOutAsync(context, request, RouteTimeout.Total);
    }

    /// <summary>Sees to an attempt without an answer.</summary>
    /// <returns>The backend of the next attempt; null when there is none, and the client was told.</returns>
    private async ValueTask<Backend?> FailAsync(Attempt attempt, AttemptResult result, ForwarderError error)
    {
        var (request, route) = (attempt.Request, attempt.Request.Route);
        if (attempt.Timeout is { } timeout)
        {
            route.Resilience.RecordTimeout(timeout);
        }

        request.Tried = [.. request.Tried, attempt.Backend];
        if (!attempt.Context.RequestAborted.IsCancellationRequested && Retries.Next(attempt, result) is { } next)
        {
            return next;
        }

        Log.Failed(logger, route.Name, attempt.Number, attempt.Backend, result, AttemptJudge.Explain(attempt, error));
        // A connection that was upgraded had its answer, and is idle by its client's will.
        if (result != AttemptResult.TimedOut || !attempt.IsUpgraded)
        {
            route.RecordFailed();
        }

        if (!attempt.Context.Response.HasStarted)
        {
            await failures.FailedAsync(attempt, result, error);
        }

        return null;
    }

    // Makes the request new for another attempt. False when nobody waits for that any more.
    private async ValueTask<bool> IsReadyAgainAsync(Attempt attempt, Backend next, string reason)
    {
        var (context, request) = (attempt.Context, attempt.Request);
        Log.TriesAnother(logger, request.Route.Name, attempt.Number, attempt.Backend, next, reason);
        request.Route.Resilience.RecordRetry();
        context.Response.Clear();
        (context.Response.Body as FaultyBody)?.Remove();
        request.Body?.Rewind();
        if (attempt.Next is not null)
        {
            request.Tried = [.. request.Tried, attempt.Backend];
        }

        var pause = Retries.PauseAfter(attempt);
        var isOver = request.TimeLeft <= pause;
        if (!isOver && pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!isOver && !context.RequestAborted.IsCancellationRequested)
        {
            return true;
        }

        request.Pool.Release(next);
        if (isOver)
        {
            request.Route.RecordFailed();
            request.Route.Resilience.RecordTimeout(RouteTimeout.Total);
            await failures.TimedOutAsync(context, request, RouteTimeout.Total);
        }

        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(303, LogLevel.Debug, "Route {Route}: attempt {Attempt} at backend {Backend} came to nothing, trying {Another}: {Reason}")]
        public static partial void TriesAnother(ILogger logger, string route, int attempt, Backend backend, Backend another, string reason);

        [LoggerMessage(302, LogLevel.Debug, "Route {Route}: attempt {Attempt} at backend {Backend} was the last: {Result}, {Reason}")]
        public static partial void Failed(ILogger logger, string route, int attempt, Backend backend, AttemptResult result, string reason);
    }
}
