using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Limits;

/// <summary>Lets a route's requests in up to its limit; more wait in a bounded queue, first come, first served.</summary>
internal sealed class RequestGate(ConcurrencyLimitOptions options, TimeProvider time)
{
    private static readonly object Entered = new();

    private readonly WaitQueue _queue = new();
    private volatile ConcurrencyLimitOptions _options = options;
    private int _active;

    /// <summary>Requests that are in.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Requests that wait.</summary>
    public int Queued => _queue.Count;

    /// <summary>Takes a changed limit: a higher one lets in who waits, a lower one nobody until enough have left.</summary>
    public void Apply(ConcurrencyLimitOptions options)
    {
        _options = options;
        _queue.Wake();
    }

    /// <summary>Lets a request in, if there is room and nobody waits for it.</summary>
    public bool TryEnter() => _queue.Count == 0 && TryTake();

    /// <summary>Waits for room.</summary>
    /// <returns>Why it is refused; <see cref="WaitFailure.None"/> when it is in, until <see cref="Leave"/>.</returns>
    public async ValueTask<WaitFailure> EnterAsync(CancellationToken cancellation)
    {
        var now = _options;
        var (_, failure) = await _queue.TakeAsync(() => TryTake() ? Entered : null, now.QueueLength, now.QueueTimeout, time, cancellation);
        return failure;
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _active);
        _queue.Wake();
    }

    private bool TryTake()
    {
        for (var active = Active; active < _options.Requests; active = Active)
        {
            // Never above the limit, not even for a moment: whoever is woken in it would find no room and sleep on.
            if (Interlocked.CompareExchange(ref _active, active + 1, active) == active)
            {
                return true;
            }
        }

        return false;
    }
}
