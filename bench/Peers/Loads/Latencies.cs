namespace Peers.Loads;

/// <summary>Times of single requests.</summary>
internal static class Latencies
{
    /// <summary>The time that a share of all requests did not exceed (nearest rank), in milliseconds.</summary>
    /// <param name="times">At least one time.</param>
    /// <param name="share">Above 0, up to 1: 0.99 for p99.</param>
    public static double Percentile(IEnumerable<TimeSpan> times, double share)
    {
        var sorted = times.Order().ToArray();
        return sorted[(int)Math.Ceiling(share * sorted.Length) - 1].TotalMilliseconds;
    }
}
