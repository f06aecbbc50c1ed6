using System.Threading.RateLimiting;

namespace LoadBalancer.Layer7.Limits;

/// <summary>
/// So many requests in a window, counted in segments that leave it one by one: one segment is a fixed window, more make
/// it slide. It moves by the clock when it is asked, so a key that is never asked again costs nothing: .NET's own window
/// limiters move one segment a call and need a timer each, and tell those they refuse to wait for a whole window.
/// </summary>
internal sealed class WindowRateLimiter(int requests, TimeSpan window, int segments, TimeProvider time) : ReplenishingRateLimiter
{
    private static readonly RateLimitLease Granted = new Lease(null);

    private readonly Lock _counting = new();
    private readonly int[] _counts = new int[segments];
    private readonly TimeSpan _segment = window / segments;
    private readonly long _startedAt = time.GetTimestamp();
    // Of segments since the start.
    private long _current;
    private int _sum;

    public override TimeSpan? IdleDuration => null;

    public override bool IsAutoReplenishing => false;

    public override TimeSpan ReplenishmentPeriod => _segment;

    public override bool TryReplenish()
    {
        lock (_counting)
        {
            Move();
            return true;
        }
    }

    public override RateLimiterStatistics? GetStatistics() => null;

    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (_counting)
        {
            Move();
            if (_sum + permitCount > requests)
            {
                return new Lease(UntilFreed());
            }

            _counts[_current % segments] += permitCount;
            _sum += permitCount;
            return Granted;
        }
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) => new(AttemptAcquireCore(permitCount));

    private void Move()
    {
        var now = time.GetElapsedTime(_startedAt).Ticks / _segment.Ticks;
        // After a pause longer than the window every segment is a new one, and none has to be emptied twice.
        for (var left = Math.Min(now - _current, segments); left > 0; left--)
        {
            ref var oldest = ref _counts[(now - left + 1) % segments];
            _sum -= oldest;
            oldest = 0;
        }

        _current = Math.Max(now, _current);
    }

    // The oldest segment with requests in it is the first to give back.
    private TimeSpan UntilFreed()
    {
        var oldest = Math.Max(0, _current - segments + 1);
        while (_counts[oldest % segments] == 0 && oldest < _current)
        {
            oldest++;
        }

        return (_segment * (oldest + segments)) - time.GetElapsedTime(_startedAt);
    }

    private sealed class Lease(TimeSpan? retryAfter) : RateLimitLease
    {
        public override bool IsAcquired => retryAfter is null;

        public override IEnumerable<string> MetadataNames => [MetadataName.RetryAfter.Name];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = metadataName == MetadataName.RetryAfter.Name ? retryAfter : null;
            return metadata is not null;
        }
    }
}
