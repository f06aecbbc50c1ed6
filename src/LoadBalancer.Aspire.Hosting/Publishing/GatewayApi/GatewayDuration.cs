using System.Globalization;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Durations as the Gateway API writes them (GEP-2257): hours, minutes, seconds and milliseconds, such as 1m30s.</summary>
internal static class GatewayDuration
{
    public static string Of(TimeSpan time)
    {
        var hours = (long)time.TotalHours;
        var text = string.Concat(
            Part(hours, "h"),
            Part(time.Minutes, "m"),
            Part(time.Seconds, "s"),
            Part(time.Milliseconds, "ms"));
        return text.Length > 0 ? text : "0s";
    }

    private static string Part(long value, string unit) => value == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
}
