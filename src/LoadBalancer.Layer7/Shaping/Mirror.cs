using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer7.Shaping;

/// <summary>A route's mirror: where copies go, how many, and what became of them.</summary>
internal sealed class Mirror(string route, MirrorOptions options, BackendPool pool, Mirror? before)
{
    private const long MostBytes = 128 * 1024 * 1024;
    private const int MostAtOnce = 100;

    private static readonly MirrorResult[] Results = Enum.GetValues<MirrorResult>();

    // A pool that does not answer must not eat memory: at most so many copies are held, fewer where they may be large.
    private readonly int _most = (int)Math.Clamp(MostBytes / Math.Max(1, options.MaxBodySize), 1, MostAtOnce);
    private readonly PercentTurns _turns = before?._turns ?? new();
    private readonly long[] _results = before?._results ?? new long[Results.Length];
    private int _active;

    /// <summary>The route's name.</summary>
    public string Route => route;

    public MirrorOptions Options => options;

    public BackendPool Pool => pool;

    /// <summary>Whether this request is one of the share that is copied.</summary>
    public bool HasItsTurn() => _turns.Next() < options.Percent;

    /// <summary>Takes a place for a copy, until <see cref="End"/>.</summary>
    /// <returns>False when too many copies are under way.</returns>
    public bool TryBegin()
    {
        if (Interlocked.Increment(ref _active) <= _most)
        {
            return true;
        }

        Interlocked.Decrement(ref _active);
        return false;
    }

    /// <summary>Gives back what <see cref="TryBegin"/> took, and counts what became of the copy.</summary>
    public void End(MirrorResult result)
    {
        Interlocked.Decrement(ref _active);
        Record(result);
    }

    public void Record(MirrorResult result)
    {
        Interlocked.Increment(ref _results[(int)result]);
        Layer7Telemetry.Mirrored.Add(1, Layer7Telemetry.Route(route), Layer7Telemetry.Reason(result));
    }

    public void ResetStatistics() => Array.Clear(_results);

    public MirrorStatistics GetStatistics() => new(
        pool.Name, options.Percent, Volatile.Read(ref _active), Results.ToDictionary(result => result.ToString(), result => Volatile.Read(ref _results[(int)result])));
}
