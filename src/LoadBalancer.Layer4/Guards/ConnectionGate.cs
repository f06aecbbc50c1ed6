using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer4.Guards;

/// <summary>Lets a listener's connections in up to its limit; more wait in a bounded queue.</summary>
internal sealed class ConnectionGate
{
    private static readonly object Entered = new();

    private readonly WaitQueue _queue = new();
    private int _open;

    /// <summary>Connections that are in.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections that wait.</summary>
    public int Queued => _queue.Count;

    /// <summary>Lets a connection in, at once or after a wait.</summary>
    /// <param name="listener">Whose options count: those of the moment, so that a limit that is raised helps those who wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Why it is refused; null when it is in, until <see cref="Leave"/>.</returns>
    public ValueTask<CloseReason?> EnterAsync(Layer4Listener listener, CancellationToken cancellationToken) =>
        _queue.Count == 0 && TryEnter(listener.Settings.Options) ? default : WaitAsync(listener, cancellationToken);

    /// <summary>Lets a connection or session in, if there is room.</summary>
    public bool TryEnter(Layer4ListenerOptions options)
    {
        var limit = options.MaxConnections ?? (options.Protocol == Layer4Protocol.Udp ? Layer4ListenerOptions.DefaultMaxSessions : int.MaxValue);
        for (var open = Open; open < limit; open = Open)
        {
            // Never above the limit, not even for a moment: whoever is woken in it would find no room and sleep on.
            if (Interlocked.CompareExchange(ref _open, open + 1, open) == open)
            {
                return true;
            }
        }

        return false;
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _open);
        Wake();
    }

    /// <summary>Lets those who wait try again: the limit may have changed.</summary>
    public void Wake() => _queue.Wake();

    private async ValueTask<CloseReason?> WaitAsync(Layer4Listener listener, CancellationToken cancellationToken)
    {
        var options = listener.Settings.Options;
        var since = Instruments.TimesQueues ? TimeProvider.System.GetTimestamp() : 0;
        var (entered, failure) = await _queue.TakeAsync(
            () => TryEnter(listener.Settings.Options) ? Entered : null, options.QueueLength, options.QueueTimeout, TimeProvider.System, cancellationToken);
        if (since != 0 && failure != WaitFailure.QueueFull)
        {
            Instruments.RecordWait(LoadBalancerTelemetry.ListenerKey, listener.Name, TimeProvider.System.GetElapsedTime(since));
        }

        return entered is not null ? null
            : failure == WaitFailure.QueueFull ? CloseReason.AtCapacity
            : failure == WaitFailure.TimedOut ? CloseReason.QueueTimeout
            : CloseReason.Shutdown;
    }
}
