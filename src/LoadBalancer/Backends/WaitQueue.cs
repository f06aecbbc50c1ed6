namespace LoadBalancer.Backends;

/// <summary>
/// Those who wait for something that is all in use, first come, first served. Whoever gives one back wakes the first,
/// which then tries for itself; those that come meanwhile wait behind. One that wants something particular may find
/// it still in use and lets the next try: it holds up nobody who would take anything.
/// </summary>
public sealed class WaitQueue
{
    private readonly LinkedList<Place> _waiting = [];
    private readonly Lock _changing = new();
    private int _count;
    private int _undemanding;

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them would take anything.</summary>
    public int Undemanding => Volatile.Read(ref _undemanding);

    /// <summary>Waits until <paramref name="tryTake"/> has something.</summary>
    /// <typeparam name="T">What is waited for.</typeparam>
    /// <param name="tryTake">Takes one, or null when all are in use. Called only while none that waits in front would take anything.</param>
    /// <param name="longest">Most that may wait; 0 for none.</param>
    /// <param name="timeout">Time after which the wait is given up.</param>
    /// <param name="time">The clock of the time-out.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="isDemanding">Whether only something particular will do, so that others may be served first.</param>
    /// <returns>What was taken, or why nothing was.</returns>
    public async ValueTask<(T? Taken, WaitFailure Failure)> TakeAsync<T>(
        Func<T?> tryTake, int longest, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken, bool isDemanding = false)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(tryTake);
        ArgumentNullException.ThrowIfNull(time);
        if (Enter(isDemanding, longest, out var mayTry) is not { } place)
        {
            return (null, WaitFailure.QueueFull);
        }

        try
        {
            using var deadline = new CancellationTokenSource(timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            for (var signal = place.Value.Signal; ; mayTry = true)
            {
                if (mayTry)
                {
                    // Tried after the place is taken and its signal is fresh: what is given back later wakes it again.
                    signal = Renew(place);
                    if (tryTake() is { } taken)
                    {
                        return (taken, WaitFailure.None);
                    }

                    LetTheNextTry(place);
                }

                try
                {
                    await signal.WaitAsync(either.Token);
                }
                catch (OperationCanceledException)
                {
                    return (null, cancellationToken.IsCancellationRequested ? WaitFailure.Cancelled : WaitFailure.TimedOut);
                }
            }
        }
        finally
        {
            Leave(place);
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
            _waiting.First?.Value.Wake();
        }
    }

    private LinkedListNode<Place>? Enter(bool isDemanding, int longest, out bool mayTry)
    {
        lock (_changing)
        {
            // Where nobody in front would take anything, there is no need to be woken to try.
            mayTry = _undemanding == 0;
            if (_waiting.Count >= longest)
            {
                return null;
            }

            var place = _waiting.AddLast(new Place(isDemanding));
            Recount(place.Value, 1);
            return place;
        }
    }

    private Task Renew(LinkedListNode<Place> place)
    {
        lock (_changing)
        {
            return place.Value.Renew();
        }
    }

    // One that would take anything and found nothing speaks for all behind it.
    private void LetTheNextTry(LinkedListNode<Place> place)
    {
        if (place.Value.IsDemanding)
        {
            lock (_changing)
            {
                place.Next?.Value.Wake();
            }
        }
    }

    // The first one tries: more than one thing may have been given back, and a signal that came at the moment of
    // leaving is for somebody.
    private void Leave(LinkedListNode<Place> place)
    {
        lock (_changing)
        {
            _waiting.Remove(place);
            Recount(place.Value, -1);
            _waiting.First?.Value.Wake();
        }
    }

    private void Recount(Place place, int change)
    {
        Volatile.Write(ref _count, _count + change);
        if (!place.IsDemanding)
        {
            Volatile.Write(ref _undemanding, _undemanding + change);
        }
    }

    /// <summary>One that waits. Its signal is changed under the queue's lock.</summary>
    private sealed class Place(bool isDemanding)
    {
        private TaskCompletionSource _signal = NewSignal();

        public bool IsDemanding => isDemanding;

        /// <summary>Ends when it was woken since it last tried.</summary>
        public Task Signal => _signal.Task;

        public Task Renew()
        {
            if (_signal.Task.IsCompleted)
            {
                _signal = NewSignal();
            }

            return _signal.Task;
        }

        public void Wake() => _signal.TrySetResult();

        private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
