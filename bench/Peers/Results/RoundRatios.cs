namespace Peers.Results;

/// <summary>
/// Compares within a round, since machines have good and bad minutes. A ratio says how good, not how much: 2 is twice
/// the throughput, or half the time.
/// </summary>
internal static class RoundRatios
{
    /// <summary>The ratio of two values.</summary>
    /// <returns>Null when one is missing, or nothing can be divided by it.</returns>
    public static double? Of(double? value, double? reference, bool higherIsBetter)
    {
        var (dividend, divisor) = higherIsBetter ? (value, reference) : (reference, value);
        return dividend is { } a && divisor is { } b && a > 0 && b > 0 ? a / b : null;
    }

    /// <summary>The best of some values.</summary>
    /// <returns>Null when there is none.</returns>
    public static double? Best(IEnumerable<double?> values, bool higherIsBetter) => higherIsBetter ? values.Max() : values.Min();

    /// <summary>The mean of ratios: the geometric one, for which twice and half cancel out.</summary>
    /// <param name="ratios">Ratios above 0, at least one.</param>
    public static double Mean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(Math.Log));
}
