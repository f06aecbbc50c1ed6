using LoadBalancer.Backends;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>A request on its way to one of the backends that were asked.</summary>
internal sealed class HedgeLeg
{
    private readonly CancellationTokenSource _cancel;

    public HedgeLeg(Backend backend, HttpMessageInvoker client, HttpRequestMessage request, CancellationToken cancellation)
    {
        Backend = backend;
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Answer = client.SendAsync(request, _cancel.Token);
    }

    public Backend Backend { get; }

    /// <summary>When it began, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long StartedAt { get; } = TimeProvider.System.GetTimestamp();

    /// <summary>Ends with the head of the answer.</summary>
    public Task<HttpResponseMessage> Answer { get; }

    /// <summary>Nothing will cancel it any more: its end is the attempt's.</summary>
    public void Keep() => _cancel.Dispose();

    /// <summary>Cancels it, or drops its answer, and gives its backend back: nobody waits for it, and the backend has not failed.</summary>
    public async void Abandon(BackendPool pool)
    {
        await _cancel.CancelAsync();
        await ((Task)Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Answer.IsCompletedSuccessfully)
        {
            Answer.Result.Dispose();
        }

        _cancel.Dispose();
        pool.Release(Backend);
    }
}
