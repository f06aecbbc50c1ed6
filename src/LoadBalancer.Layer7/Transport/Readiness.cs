using System.Threading.Tasks.Sources;

namespace LoadBalancer.Layer7.Transport;

/// <summary>
/// Whether a socket is ready in one direction, and who waits for that. The kernel tells of a change once: what it told
/// while nobody waited is kept for whoever comes next.
/// </summary>
internal sealed class Readiness : IValueTaskSource
{
    private const int Unknown = 0;
    private const int Ready = 1;
    private const int Waiting = 2;

    private ManualResetValueTaskSourceCore<bool> _wait;
    private int _state = Ready;

    /// <summary>Whether nothing was told since <see cref="Clear"/>.</summary>
    public bool IsCleared => Volatile.Read(ref _state) == Unknown;

    /// <summary>Forgets what was told, before an attempt that finds out.</summary>
    public void Clear() => Interlocked.Exchange(ref _state, Unknown);

    /// <summary>Tells that an attempt may succeed, or that waiting is of no use.</summary>
    /// <param name="inline">Whether whoever waits goes on here: only where nothing else is under way.</param>
    public void Signal(bool inline)
    {
        // The kernel repeats with every event what was so before.
        if (Volatile.Read(ref _state) != Ready && Interlocked.Exchange(ref _state, Ready) == Waiting)
        {
            _wait.RunContinuationsAsynchronously = !inline;
            _wait.SetResult(true);
        }
    }

    /// <summary>Waits for the next signal; one at a time may.</summary>
    public ValueTask WaitAsync()
    {
        _wait.Reset();
        return Interlocked.CompareExchange(ref _state, Waiting, Unknown) == Unknown ? new(this, _wait.Version) : ValueTask.CompletedTask;
    }

    void IValueTaskSource.GetResult(short token) => _wait.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);
}
