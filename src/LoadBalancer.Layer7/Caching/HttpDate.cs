using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// Dates as RFC 9110 section 5.6.7 writes them, and no others: a cache must not find a date where there is none, for
/// what has no valid <c>Expires</c> has expired (RFC 9111 section 5.3).
/// </summary>
internal static class HttpDate
{
    private static readonly string[] Days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    private static readonly string[] LongDays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    /// <summary>Reads a field that must have one date.</summary>
    public static DateTimeOffset? Parse(StringValues lines) => lines.Count == 1 && TryParse(lines[0], out var date) ? date : null;

    private static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset date)
    {
        var comma = text.IndexOf(',');
        if (comma < 0)
        {
            return TryParseAsctime(text, out date);
        }

        date = default;
        var day = text[..comma];
        var rest = text[(comma + 1)..];
        if (rest is not [' ', .. var moment] || !moment.EndsWith(" GMT", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        moment = moment[..^" GMT".Length];
        return IsOneOf(day, Days) ? TryParseExact(moment, "dd MMM yyyy HH:mm:ss", out date)
            : IsOneOf(day, LongDays) && TryParseRfc850(moment, out date);
    }

    private static bool TryParseAsctime(ReadOnlySpan<char> text, out DateTimeOffset date)
    {
        date = default;
        return text.Length > 4 && text[3] == ' ' && IsOneOf(text[..3], Days)
            && (TryParseExact(text[4..], "MMM dd HH:mm:ss yyyy", out date) || TryParseExact(text[4..], "MMM  d HH:mm:ss yyyy", out date));
    }

    // Two digits that seem to be more than fifty years ahead mean the past (RFC 9110 section 5.6.7).
    private static bool TryParseRfc850(ReadOnlySpan<char> moment, out DateTimeOffset date)
    {
        date = default;
        if (moment.Length != "dd-MMM-yy HH:mm:ss".Length || !int.TryParse(moment[7..9], NumberStyles.None, CultureInfo.InvariantCulture, out var year))
        {
            return false;
        }

        var now = DateTimeOffset.UtcNow.Year;
        var full = (now - (now % 100)) + year;
        full = full > now + 50 ? full - 100 : full;
        return TryParseExact($"{moment[..7]}{full:D4}{moment[9..]}", "dd-MMM-yyyy HH:mm:ss", out date);
    }

    private static bool TryParseExact(ReadOnlySpan<char> text, string format, out DateTimeOffset date) =>
        DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out date);

    private static bool IsOneOf(ReadOnlySpan<char> day, string[] names)
    {
        foreach (var name in names)
        {
            if (day.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
