using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>One range of bytes (RFC 9110 section 14.1.2).</summary>
internal readonly record struct RangeRequest(int First, int Length)
{
    /// <summary>Whether no byte of the answer lies in it.</summary>
    public bool IsUnsatisfiable => Length == 0;

    /// <summary>Reads a <c>Range</c> field. What is no single range of bytes is none: the whole may be sent for it.</summary>
    /// <param name="lines">The field.</param>
    /// <param name="size">Bytes of the whole.</param>
    public static RangeRequest? Parse(StringValues lines, int size)
    {
        const string Unit = "bytes=";
        if (lines.Count != 1 || lines[0] is not { } line || !line.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var range = line.AsSpan(Unit.Length).Trim();
        var dash = range.IndexOf('-');
        if (dash < 0)
        {
            return null;
        }

        var (first, last) = (Number(range[..dash]), Number(range[(dash + 1)..]));
        return (first, last, dash, range.Length - dash - 1) switch
        {
            // The last bytes.
            (null, { } count, 0, _) => new(Math.Max(0, size - (int)Math.Min(count, size)), (int)Math.Min(count, size)),
            ({ } from, null, _, 0) => From(from, size - 1, size),
            ({ } from, { } to, _, _) when from <= to => From(from, to, size),
            _ => null,
        };
    }

    private static RangeRequest From(long first, long last, int size) =>
        first >= size ? new(0, 0) : new((int)first, (int)(Math.Min(last, size - 1) - first + 1));

    private static long? Number(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
