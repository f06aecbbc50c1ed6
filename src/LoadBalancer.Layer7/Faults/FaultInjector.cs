using LoadBalancer.Backends;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Resilience;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Faults;

/// <summary>Does to a request what a developer asked for, before it is forwarded.</summary>
internal sealed class FaultInjector(FailureAnswers failures, ErrorAnswers errors)
{
    // Neither a client that leaves nor a change of the faults must wait for a delay of minutes.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    /// <summary>Acts on a request whose backend is picked.</summary>
    /// <returns>Whether the request is over: a fault took the place of the answer, or the client has left.</returns>
    public async ValueTask<bool> EndsAsync(HttpContext context, BalancedRequest request, Backend backend, FaultOptions faults)
    {
        if (!ActsOn(context, faults))
        {
            return false;
        }

        var route = request.Route;
        route.RecordFault();
        var source = new FaultSource(route, request.Pool, backend);
        if (!await HoldAsync(context, request, source, faults))
        {
            return true;
        }

        // What was switched off while the request was held acts no longer.
        if (source.Faults is not { } now || (now != faults && !ActsOn(context, now)))
        {
            return false;
        }

        if (now.Refuse)
        {
            request.Refusal = Refusal.Fault;
            context.Abort();
            return true;
        }

        if (now.BlackHole)
        {
            await DisappearAsync(context, request);
            return true;
        }

        if (now.Status is { } status)
        {
            await AnswerAsync(context, request, status);
            return true;
        }

        if ((now.BytesPerSecond is not null || now.ResetAfterBytes is not null) && context.Response.Body is not FaultyBody)
        {
            context.Response.Body = new FaultyBody(context, source);
        }

        return false;
    }

    private static bool ActsOn(HttpContext context, FaultOptions faults)
    {
        if (faults.Header is { } header && (!context.Request.Headers.TryGetValue(header, out var values)
            || (faults.HeaderValue is { } wanted && !values.Contains(wanted, StringComparer.Ordinal))))
        {
            return false;
        }

        return faults.Percent == 100 || Random.Shared.Next(100) < faults.Percent;
    }

    // Holds for the latency, unless the faults change meanwhile. False when nobody waits any more.
    private async ValueTask<bool> HoldAsync(HttpContext context, BalancedRequest request, FaultSource source, FaultOptions faults)
    {
        var since = TimeProvider.System.GetTimestamp();
        var span = TimeSpan.FromMilliseconds(faults.LatencyMilliseconds + Random.Shared.Next(faults.JitterMilliseconds + 1));
        while (source.Faults == faults && span - TimeProvider.System.GetElapsedTime(since) is { Ticks: > 0 } left)
        {
            if (request.TimeLeft is { Ticks: <= 0 })
            {
                await TimeOutAsync(context, request, RouteTimeout.Total);
                return false;
            }

            await Task.Delay(left < Slice ? left : Slice, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (context.RequestAborted.IsCancellationRequested)
            {
                return false;
            }
        }

        return true;
    }

    // As at a backend that takes everything and never says a word; what has disappeared does not come back.
    private async ValueTask DisappearAsync(HttpContext context, BalancedRequest request)
    {
        var idle = request.Route.Options.Timeouts.Idle;
        var isTotal = request.TimeLeft < idle;
        var span = isTotal ? request.TimeLeft!.Value : idle;
        await Task.Delay(span > TimeSpan.Zero ? span : TimeSpan.Zero, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!context.RequestAborted.IsCancellationRequested)
        {
            await TimeOutAsync(context, request, isTotal ? RouteTimeout.Total : RouteTimeout.Idle);
        }
    }

    private Task TimeOutAsync(HttpContext context, BalancedRequest request, RouteTimeout kind)
    {
        request.Route.RecordFailed();
        request.Route.Resilience.RecordTimeout(kind);
        return failures.TimedOutAsync(context, request, kind);
    }

    private Task AnswerAsync(HttpContext context, BalancedRequest request, int status)
    {
        if (status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
        {
            // These have no body to say why in.
            request.Refusal = Refusal.Fault;
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        }

        return errors.WriteAsync(context, status, Refusal.Fault, $"A fault by command answers route '{request.Route.Name}' with {status}.");
    }
}
