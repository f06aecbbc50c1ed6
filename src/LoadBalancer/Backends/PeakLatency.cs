namespace LoadBalancer.Backends;

/// <summary>
/// A moving average of a backend's latency that follows a peak at once and forgets it slowly. Many write and read it at
/// once, without a lock: average and time are one word. Source: Peak EWMA of Twitter's Finagle
/// (<c>com.twitter.finagle.loadbalancer.PeakEwma</c>).
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class PeakLatency(TimeProvider time)
{
    private const double LeastFailure = 1_000;
    private const double MostFailure = 60_000;

    // Clocks of two threads may be read in the other order than they are used.
    private const uint MostBackward = 60_000;

    private readonly double _ticksPerMillisecond = time.TimestampFrequency / 1e3;

    // The average in milliseconds, a float, above the time of the newest observation, in milliseconds that wrap after
    // 49 days. 0 while there is none.
    private long _state;
    private double _decay = 10_000;

    /// <summary>Time in which an observation loses 63 % of its weight.</summary>
    public TimeSpan Decay
    {
        set => Volatile.Write(ref _decay, value.TotalMilliseconds);
    }

    /// <summary>The clock, in milliseconds that wrap.</summary>
    public uint Now => unchecked((uint)(long)(time.GetTimestamp() / _ticksPerMillisecond));

    /// <summary>The average as it was after the newest observation, in milliseconds; null while there is none.</summary>
    public double? Newest => Volatile.Read(ref _state) is not 0 and var state ? AverageOf(state) : null;

    /// <summary>What is left of the average: without observations it falls towards 0, so that a slow backend is asked again.</summary>
    /// <param name="now">See <see cref="Now"/>.</param>
    /// <returns>Milliseconds; 0 when there is no observation, or none that counts.</returns>
    public double At(uint now)
    {
        var state = Volatile.Read(ref _state);
        return AverageOf(state) * Kept(state, now);
    }

    /// <summary>Takes in how long an answer took.</summary>
    /// <param name="elapsed">The time.</param>
    public void Observe(TimeSpan elapsed)
    {
        var now = Now;
        var observed = elapsed.TotalMilliseconds;
        while (true)
        {
            var state = Volatile.Read(ref _state);
            var kept = Kept(state, now);
            var average = AverageOf(state) * kept;
            // Within a millisecond an observation below the average has no weight: most of them write nothing.
            if ((observed <= average && kept == 1) || TryReplace(state, observed > average ? observed : average + (observed * (1 - kept)), now))
            {
                return;
            }
        }
    }

    /// <summary>
    /// Takes in that there was no answer: counts as twice the average, 1 s to 60 s. A backend that fails at once must not
    /// look quick.
    /// </summary>
    public void Fail()
    {
        var now = Now;
        while (true)
        {
            var state = Volatile.Read(ref _state);
            var average = AverageOf(state) * Kept(state, now);
            if (TryReplace(state, Math.Clamp(average * 2, LeastFailure, Math.Max(MostFailure, average)), now))
            {
                return;
            }
        }
    }

    private bool TryReplace(long state, double average, uint now)
    {
        // Above 0: an answer that took no time is an observation too.
        var bits = BitConverter.SingleToUInt32Bits(Math.Max((float)average, float.Epsilon));
        return Interlocked.CompareExchange(ref _state, (long)(((ulong)bits << 32) | now), state) == state;
    }

    private static double AverageOf(long state) => BitConverter.UInt32BitsToSingle((uint)(state >>> 32));

    private double Kept(long state, uint now)
    {
        var elapsed = unchecked(now - (uint)state);
        return elapsed is 0 or > uint.MaxValue - MostBackward ? 1 : Math.Exp(-elapsed / Volatile.Read(ref _decay));
    }
}
