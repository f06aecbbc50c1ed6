using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>A request on its way to one of the backends that were asked.</summary>
internal sealed class HedgeLeg
{
    private readonly CancellationTokenSource _cancel;

    public HedgeLeg(Attempt attempt, Backend backend, HttpMessageInvoker client, HttpRequestMessage request, CancellationToken cancellation)
    {
        Backend = backend;
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Answer = LoadBalancerTelemetry.Source.HasListeners() ? SendTracedAsync(attempt, client, request) : client.SendAsync(request, _cancel.Token);
    }

    public Backend Backend { get; }

    /// <summary>When it began, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long StartedAt { get; } = TimeProvider.System.GetTimestamp();

    /// <summary>Ends with the head of the answer.</summary>
    public Task<HttpResponseMessage> Answer { get; }

    /// <summary>Nothing will cancel it any more: its end is the attempt's.</summary>
    public void Keep() => _cancel.Dispose();

    // A span of its own, beside those of the others; it ends with the head, since only one of them goes on from there.
    private async Task<HttpResponseMessage> SendTracedAsync(Attempt attempt, HttpMessageInvoker client, HttpRequestMessage request)
    {
        using var span = AttemptSpan.Start(request.Method.Method, attempt.Request.Pool, Backend, attempt.Number);
        if (span is null)
        {
            return await client.SendAsync(request, _cancel.Token);
        }

        TraceContext.Inject(request.Headers);
        AttemptSpan.Address(span, request.RequestUri!);
        try
        {
            var answer = await client.SendAsync(request, _cancel.Token);
            AttemptSpan.Answered(span, (int)answer.StatusCode, answer.Version);
            return answer;
        }
        catch (OperationCanceledException)
        {
            span.SetTag(LoadBalancerTelemetry.ReasonKey, "given up: another answered first, or nobody waits any more");
            throw;
        }
        catch (Exception exception)
        {
            AttemptSpan.Failed(span, exception.GetType().Name, exception.Message);
            throw;
        }
    }

    /// <summary>Cancels it, or drops its answer: nobody waits for it, and the backend has not failed.</summary>
    /// <param name="pool">Gets its backend back; null where somebody else gives it back.</param>
    public async void Abandon(BackendPool? pool)
    {
        if (!Answer.IsCompleted)
        {
            // Whoever gave up, it took that long at least.
            Backend.RecordLatency(TimeProvider.System.GetElapsedTime(StartedAt));
        }

        await _cancel.CancelAsync();
        await ((Task)Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Answer.IsCompletedSuccessfully)
        {
            Answer.Result.Dispose();
        }

        _cancel.Dispose();
        pool?.Release(Backend);
    }
}
