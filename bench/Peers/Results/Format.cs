using System.Globalization;

namespace Peers.Results;

/// <summary>Figures as people read them.</summary>
internal static class Format
{
    private const string Nothing = "–";

    /// <summary>Median and, in brackets, the lowest and highest round.</summary>
    public static string Ratio(Spread? ratio) =>
        ratio is null ? Nothing : $"{Number(ratio.Median)} ({Number(ratio.Min)}–{Number(ratio.Max)})";

    /// <summary>Median with its unit.</summary>
    public static string Absolute(Spread? value, string unit) =>
        value is null ? Nothing : $"{Number(value.Median)}{(unit.StartsWith('/') ? "" : " ")}{unit}";

    /// <summary>A number; none, or nothing used, is a dash.</summary>
    public static string OrNothing(double? number) => number is null or 0 ? Nothing : Number(number.Value);

    private static string Number(double number) => number.ToString(
        Math.Abs(number) switch
        {
            < 0.1 => "0.000",
            < 10 => "0.00",
            < 100 => "0.0",
            _ => "#,##0",
        },
        CultureInfo.InvariantCulture);
}
