namespace LoadBalancer.Backends;

/// <summary>
/// Two counts over the newest span of time, exact to a tenth of it. Anybody may add, without a lock: a tenth that has
/// become old is replaced by a fresh one, whoever comes first.
/// </summary>
public sealed class RollingCounts
{
    private const int Slices = 10;

    private readonly TimeProvider _time;
    private readonly long _ticksPerSlice;
    private readonly Slice[] _slices = new Slice[Slices];

    /// <summary>Creates counts that are zero.</summary>
    /// <param name="span">The span of time, more than 0.</param>
    /// <param name="time">The clock.</param>
    public RollingCounts(TimeSpan span, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero);
        Span = span;
        _time = time;
        _ticksPerSlice = Math.Max(1, (long)(span.TotalSeconds * time.TimestampFrequency / Slices));
        Array.Fill(_slices, new Slice(long.MinValue));
    }

    /// <summary>The span of time.</summary>
    public TimeSpan Span { get; }

    /// <summary>Counts of the same span and clock that are zero.</summary>
    internal RollingCounts Anew() => new(Span, _time);

    /// <summary>Adds to both counts.</summary>
    /// <param name="all">To the first.</param>
    /// <param name="marked">To the second.</param>
    public void Add(int all, int marked)
    {
        var slice = Current();
        if (all != 0)
        {
            Interlocked.Add(ref slice.All, all);
        }

        if (marked != 0)
        {
            Interlocked.Add(ref slice.Marked, marked);
        }
    }

    /// <summary>The sums over the span.</summary>
    /// <returns>Both counts.</returns>
    public (long All, long Marked) Read()
    {
        var oldest = (_time.GetTimestamp() / _ticksPerSlice) - Slices + 1;
        var (all, marked) = (0L, 0L);
        for (var i = 0; i < Slices; i++)
        {
            if (Volatile.Read(ref _slices[i]) is var slice && slice.Number >= oldest)
            {
                all += Volatile.Read(ref slice.All);
                marked += Volatile.Read(ref slice.Marked);
            }
        }

        return (all, marked);
    }

    private Slice Current()
    {
        var number = _time.GetTimestamp() / _ticksPerSlice;
        ref var place = ref _slices[number % Slices];
        var slice = Volatile.Read(ref place);
        if (slice.Number == number)
        {
            return slice;
        }

        var fresh = new Slice(number);
        var found = Interlocked.CompareExchange(ref place, fresh, slice);
        return found == slice ? fresh : found;
    }

    private sealed class Slice(long number)
    {
        public long All;
        public long Marked;

        public long Number => number;
    }
}
