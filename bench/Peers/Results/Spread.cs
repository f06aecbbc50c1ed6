namespace Peers.Results;

/// <summary>A figure over all rounds.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>The spread of some values; null when there are none.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? null : new(MedianOf(sorted), sorted[0], sorted[^1]);
    }

    private static double MedianOf(double[] sorted) => sorted.Length % 2 == 1
        ? sorted[sorted.Length / 2]
        : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
}
