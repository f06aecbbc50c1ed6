using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Guards;

/// <summary>Lets a listener's connections in up to its limit; more wait in a bounded queue.</summary>
internal sealed class ConnectionGate
{
    private static readonly object Entered = new();

    private readonly WaitQueue _queue = new();
    private int _open;

    /// <summary>Connections that wait.</summary>
    public int Queued => _queue.Count;

    /// <summary>Lets a connection in, at once or after a wait.</summary>
    /// <returns>Why it is refused; null when it is in, until <see cref="Leave"/>.</returns>
    public ValueTask<CloseReason?> EnterAsync(Layer4ListenerOptions options, CancellationToken cancellationToken) =>
        _queue.Count == 0 && TryEnter(options) ? default : WaitAsync(options, cancellationToken);

    /// <summary>Lets a connection or session in, if there is room.</summary>
    public bool TryEnter(Layer4ListenerOptions options)
    {
        var limit = options.MaxConnections ?? (options.Protocol == Layer4Protocol.Udp ? Layer4ListenerOptions.DefaultMaxSessions : int.MaxValue);
        if (Interlocked.Increment(ref _open) <= limit)
        {
            return true;
        }

        Interlocked.Decrement(ref _open);
        return false;
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _open);
        _queue.Wake();
    }

    private async ValueTask<CloseReason?> WaitAsync(Layer4ListenerOptions options, CancellationToken cancellationToken)
    {
        var (entered, failure) = await _queue.TakeAsync(
            () => TryEnter(options) ? Entered : null, options.QueueLength, options.QueueTimeout, TimeProvider.System, cancellationToken);
        return entered is not null ? null
            : failure == WaitFailure.QueueFull ? CloseReason.AtCapacity
            : failure == WaitFailure.TimedOut ? CloseReason.QueueTimeout
            : CloseReason.Shutdown;
    }
}
