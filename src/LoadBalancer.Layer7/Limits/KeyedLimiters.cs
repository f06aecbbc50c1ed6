using System.Collections.Concurrent;
using System.Threading.RateLimiting;

namespace LoadBalancer.Layer7.Limits;

/// <summary>
/// A limiter for each key, of a bounded number of keys. Two generations: a key that is used moves to the younger one,
/// and the older one is dropped when the younger is full, or has lasted so long that whoever was not seen in it would
/// have its whole allowance again. No limiter has a timer, and nothing has to be swept.
/// </summary>
internal sealed class KeyedLimiters(Func<ReplenishingRateLimiter> create, TimeSpan lifetime, int maxKeys, TimeProvider time)
{
    private Generation _young = new([], time.GetTimestamp());

    /// <summary>How many keys are known, those that are about to be forgotten included.</summary>
    public int Count => _young.Limiters.Count + _young.Older.Count;

    /// <summary>The limiter of a key.</summary>
    public ReplenishingRateLimiter Get(ulong key)
    {
        var young = Volatile.Read(ref _young);
        if (time.GetElapsedTime(young.Since) > lifetime || Volatile.Read(ref young.Count) >= maxKeys / 2)
        {
            // Whoever loses the race takes the generation of the one who won.
            var next = new Generation(young.Limiters, time.GetTimestamp());
            var seen = Interlocked.CompareExchange(ref _young, next, young);
            young = seen == young ? next : seen;
        }

        if (young.Limiters.TryGetValue(key, out var limiter))
        {
            return limiter;
        }

        // Two that come at the moment of the change may make a limiter each, of which one is forgotten: it costs one
        // key one request.
        limiter = young.Older.TryGetValue(key, out var known) ? known : create();
        var kept = young.Limiters.GetOrAdd(key, limiter);
        if (kept == limiter)
        {
            Interlocked.Increment(ref young.Count);
        }

        return kept;
    }

    private sealed class Generation(ConcurrentDictionary<ulong, ReplenishingRateLimiter> older, long since)
    {
        // Counting a ConcurrentDictionary takes all its locks.
        public int Count;

        public ConcurrentDictionary<ulong, ReplenishingRateLimiter> Limiters { get; } = [];

        public ConcurrentDictionary<ulong, ReplenishingRateLimiter> Older => older;

        public long Since => since;
    }
}
