namespace LoadBalancer.Backends;

/// <summary>
/// Those who wait for something that is all in use, first come, first served. Whoever gives one back wakes the first,
/// which then tries for itself; those that come meanwhile wait behind.
/// </summary>
public sealed class WaitQueue
{
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private readonly Lock _changing = new();
    private int _count;

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Waits until <paramref name="tryTake"/> has something.</summary>
    /// <typeparam name="T">What is waited for.</typeparam>
    /// <param name="tryTake">Takes one, or null when all are in use. Called at the front of the queue only.</param>
    /// <param name="longest">Most that may wait; 0 for none.</param>
    /// <param name="timeout">Time after which the wait is given up.</param>
    /// <param name="time">The clock of the time-out.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was taken, or why nothing was.</returns>
    public async ValueTask<(T? Taken, WaitFailure Failure)> TakeAsync<T>(
        Func<T?> tryTake, int longest, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(tryTake);
        ArgumentNullException.ThrowIfNull(time);
        var place = new LinkedListNode<TaskCompletionSource>(NewSignal());
        lock (_changing)
        {
            if (_waiting.Count >= longest)
            {
                return (null, WaitFailure.QueueFull);
            }

            _waiting.AddLast(place);
            Volatile.Write(ref _count, _waiting.Count);
        }

        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        while (true)
        {
            // Tried after the place is taken: what was given back before it would wake nobody.
            if (IsFirst(place) && tryTake() is { } taken)
            {
                Leave(place);
                return (taken, default);
            }

            try
            {
                await place.Value.Task.WaitAsync(either.Token);
                place.Value = NewSignal();
            }
            catch (OperationCanceledException)
            {
                // A signal that came at the same moment goes to the next.
                Leave(place);
                return (null, cancellationToken.IsCancellationRequested ? WaitFailure.Cancelled : WaitFailure.TimedOut);
            }
        }
    }

    /// <summary>Wakes the first in the queue: something was given back.</summary>
    public void Wake()
    {
        if (Count == 0)
        {
            return;
        }

        lock (_changing)
        {
            _waiting.First?.Value.TrySetResult();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsFirst(LinkedListNode<TaskCompletionSource> place)
    {
        lock (_changing)
        {
            return _waiting.First == place;
        }
    }

    // The next one tries as well: more than one thing may have been given back.
    private void Leave(LinkedListNode<TaskCompletionSource> place)
    {
        lock (_changing)
        {
            _waiting.Remove(place);
            Volatile.Write(ref _count, _waiting.Count);
            _waiting.First?.Value.TrySetResult();
        }
    }
}
