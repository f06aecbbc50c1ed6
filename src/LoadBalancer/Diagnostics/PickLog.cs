using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Diagnostics;

/// <summary>
/// The newest picks of all pools, kept only while somebody watches: otherwise a pick pays for one read of a field.
/// Writers take no lock; one that is overtaken by a whole round of the ring loses its place, which a reader does not
/// notice.
/// </summary>
/// <param name="time">The clock of the picks.</param>
public sealed class PickLog(TimeProvider time)
{
    /// <summary>Picks that are kept.</summary>
    public const int Capacity = 128;

    private readonly WatchedPick?[] _ring = new WatchedPick?[Capacity];
    private long _last;
    private int _watchers;

    /// <summary>Whether somebody watches.</summary>
    public bool IsWatched => Volatile.Read(ref _watchers) > 0;

    /// <summary>The number of the newest pick; 0 when there was none.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Begins to keep picks.</summary>
    /// <returns>Ends it, when nobody else watches.</returns>
    public IDisposable Watch()
    {
        Interlocked.Increment(ref _watchers);
        return new Watcher(this);
    }

    /// <summary>Finds picks that came after a certain one.</summary>
    /// <param name="number">Its <see cref="PickStatistics.Number"/>; 0 for all that are kept.</param>
    /// <param name="most">Most picks to return, the newest.</param>
    /// <returns>The picks, oldest first.</returns>
    public IReadOnlyList<PickStatistics> After(long number, int most = Capacity)
    {
        var newer = _ring.OfType<WatchedPick>().Where(pick => pick.Number > number).OrderBy(pick => pick.Number).ToArray();
        return [.. newer.Skip(newer.Length - most).Select(pick => pick.ToStatistics())];
    }

    // Apart from IsWatched, which alone is on the way of every pick.
    internal void Record(BackendPool pool, PoolSnapshot snapshot, Backend backend, SelectionPolicy? policy, int tried)
    {
        var number = Interlocked.Increment(ref _last);
        // Its own connection is counted already.
        var active = Math.Max(0, backend.Active - 1);
        var pick = new WatchedPick(
            number, time.GetUtcNow(), pool.Name, backend.Name, backend.Id, policy, active, backend.Weight, snapshot.Candidates.Count, tried, snapshot.IsPanicking);
        Volatile.Write(ref _ring[number % Capacity], pick);
    }

    private sealed class Watcher(PickLog log) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                Interlocked.Decrement(ref log._watchers);
            }
        }
    }
}
