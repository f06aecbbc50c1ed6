using System.Text;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>Reading of header fields that are lists (RFC 9110 section 5.6.1).</summary>
internal static class HeaderList
{
    /// <summary>Where the first member ends: at a comma that is not in quotes.</summary>
    public static int EndOfMember(ReadOnlySpan<char> line)
    {
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '\\' when quoted:
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case ',' when !quoted:
                    return i;
            }
        }

        return line.Length;
    }

    /// <summary>Reads digits and nothing else; what is too large becomes the largest.</summary>
    public static bool TryReadSeconds(ReadOnlySpan<char> text, out int seconds)
    {
        var value = 0L;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                seconds = 0;
                return false;
            }

            value = Math.Min((value * 10) + (c - '0'), int.MaxValue);
        }

        seconds = (int)value;
        return !text.IsEmpty;
    }

    /// <summary>The members of a list, trimmed, without empty ones.</summary>
    public static IEnumerable<string> Members(StringValues lines)
    {
        foreach (var line in lines)
        {
            for (var rest = line.AsMemory(); !rest.IsEmpty;)
            {
                var end = EndOfMember(rest.Span);
                var member = rest[..end].Trim();
                if (!member.IsEmpty)
                {
                    yield return member.ToString();
                }

                rest = end == rest.Length ? default : rest[(end + 1)..];
            }
        }
    }

    /// <summary>
    /// A field in one form for all that mean the same (RFC 9111 section 4.1): lines joined, one space behind each comma.
    /// Of languages the case does not matter, nor the order of those with the same weight.
    /// </summary>
    public static string Normalize(string name, StringValues lines)
    {
        var members = Members(lines);
        if (name.Equals("Accept-Language", StringComparison.OrdinalIgnoreCase))
        {
            members = members.Select(member => member.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant()).Order(StringComparer.Ordinal);
        }

        return new StringBuilder().AppendJoin(", ", members).ToString();
    }
}
