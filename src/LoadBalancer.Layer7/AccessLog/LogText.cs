using System.Globalization;
using System.Text;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>Text of clients in log lines: none of it may end a line, close a quote or steer a terminal.</summary>
internal static class LogText
{
    /// <summary>What stands for a value that there is not.</summary>
    public const string None = "-";

    private const string Hexadecimal = "0123456789abcdef";

    /// <summary>For the log of the process: letters of every script stay, everything that cannot be seen is \u and its number.</summary>
    public static string Visible(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return None;
        }

        if (IsPlain(text))
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 16);
        foreach (var letter in text)
        {
            if (letter is '"' or '\\')
            {
                result.Append('\\').Append(letter);
            }
            else if (IsInvisible(letter))
            {
                result.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
            }
            else
            {
                result.Append(letter);
            }
        }

        return result.ToString();
    }

    /// <summary>As Apache writes what is between quotes: printable ASCII, \" and \\, every other byte as \x and its number.</summary>
    public static StringBuilder AppendQuoted(this StringBuilder line, string? text)
    {
        line.Append('"');
        AppendInQuotes(line, text);
        return line.Append('"');
    }

    /// <summary>The inside of <see cref="AppendQuoted"/>.</summary>
    public static StringBuilder AppendInQuotes(this StringBuilder line, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return line.Append(None);
        }

        if (IsPlain(text))
        {
            return line.Append(text);
        }

        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (value is (byte)'"' or (byte)'\\')
            {
                line.Append('\\').Append((char)value);
            }
            else if (value is < 0x20 or > 0x7e)
            {
                line.Append("\\x").Append(Hexadecimal[value >> 4]).Append(Hexadecimal[value & 0xf]);
            }
            else
            {
                line.Append((char)value);
            }
        }

        return line;
    }

    /// <summary>As a field between spaces: a space is a plus sign, what is not printable ASCII, and a quote, is percent-encoded.</summary>
    public static StringBuilder AppendField(this StringBuilder line, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return line.Append(None);
        }

        if (IsPlain(text) && !text.Contains(' ', StringComparison.Ordinal))
        {
            return line.Append(text);
        }

        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (value == ' ')
            {
                line.Append('+');
            }
            else if (value is < 0x20 or > 0x7e or (byte)'"')
            {
                line.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            }
            else
            {
                line.Append((char)value);
            }
        }

        return line;
    }

    private static bool IsPlain(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.AsSpan().ContainsAny('"', '\\');

    // Halves of characters beyond the basic plane among them: a half alone is no text.
    private static bool IsInvisible(char letter) => char.GetUnicodeCategory(letter) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
