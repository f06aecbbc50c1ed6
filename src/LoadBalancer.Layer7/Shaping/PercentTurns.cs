namespace LoadBalancer.Layer7.Shaping;

/// <summary>
/// Numbers from 0 to 99 for shares in percent: each comes once in a hundred turns, and any few in a row are far apart
/// (multiples of 61, which has no factor in common with 100 and is near its golden section: a Weyl sequence).
/// So a share is exact in the long run and nearly so in the short one, which pure chance is not.
/// </summary>
internal sealed class PercentTurns
{
    private const uint Step = 61;

    private int _turn = -1;

    /// <summary>The next number.</summary>
    public int Next() => (int)((uint)Interlocked.Increment(ref _turn) % 100 * Step % 100);
}
