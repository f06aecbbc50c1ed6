using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.Requests;

/// <summary>
/// The path of a request as it is sent on: normalised (RFC 3986 section 6.2.2), and still encoded, so that a backend
/// gets what the route saw. A feature of the context where the two differ in their letters, which few paths do.
/// </summary>
/// <param name="Encoded">The path. Escapes are those of characters that mean something else unescaped.</param>
internal sealed record RequestPath(string Encoded)
{
    // What a path may hold as it is (RFC 3986 section 3.3).
    private static readonly SearchValues<char> Plain = SearchValues.Create("!$&'()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");

    private static readonly SearchValues<char> Unreserved = SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");

    // "#" begins what no request has (RFC 9112 section 3.2).
    private static readonly SearchValues<char> Target = SearchValues.Create(string.Concat(Enumerable.Range('!', '~' - '!' + 1).Select(c => (char)c).Where(c => c != '#')));

    private static readonly RequestFault NoPath = RequestFault.Malformed("The request target is not a path, or a URL with one.");

    /// <summary>The path to send on, encoded.</summary>
    public static string Of(HttpContext context) => context.Features.Get<RequestPath>()?.Encoded ?? context.Request.Path.Value!;

    /// <summary>Looks at the request's target, and keeps the path where it is not what it looks like.</summary>
    /// <returns>Why the path is refused; null when it is not.</returns>
    public static RequestFault? Check(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (target.AsSpan().ContainsAnyExcept(Target))
        {
            return RequestFault.Malformed("The request target has a character that must be escaped.");
        }

        var start = 0;
        if (target is not ['/', ..])
        {
            if (CheckOrigin(context, target, out start) is { } fault)
            {
                return fault;
            }
        }

        var path = target.AsSpan(start);
        var end = path.IndexOf('?');
        path = end < 0 ? path : path[..end];
        if (path.IsEmpty)
        {
            return null;
        }

        if (!path.ContainsAnyExcept(Plain) && path.IndexOf("/.") < 0 && !path.EndsWith("..") && (start == 0 || path.SequenceEqual(context.Request.Path.Value)))
        {
            return null;
        }

        if (Normalise(path, out var encoded) is { } reason)
        {
            return RequestFault.Malformed(reason);
        }

        if (PathString.FromUriComponent(encoded) != context.Request.Path)
        {
            return RequestFault.Malformed("The path can be read in two ways.");
        }

        context.Features.Set(new RequestPath(encoded));
        return null;
    }

    // A whole URL (RFC 9112 section 3.2.2). Kestrel has compared its host with the Host header.
    private static RequestFault? CheckOrigin(HttpContext context, string target, out int start)
    {
        var authority = target.IndexOf("://", StringComparison.Ordinal) + 3;
        start = authority;
        if (authority < 3)
        {
            return NoPath;
        }

        if (!target.AsSpan(0, authority - 3).Equals(context.Request.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return RequestFault.Misdirected("The scheme of the request target is not that of the connection.");
        }

        var length = target.AsSpan(authority).IndexOfAny('/', '?');
        start = length < 0 ? target.Length : authority + length;
        return target.AsSpan(authority, start - authority).Contains('@')
            ? RequestFault.Malformed("The request target has a user name (RFC 9110 section 4.2.4).")
            : null;
    }

    /// <summary>Normalises a path.</summary>
    /// <returns>Why it is refused; null when it is not.</returns>
    private static string? Normalise(ReadOnlySpan<char> path, out string encoded)
    {
        var output = new StringBuilder(path.Length + 16);
        encoded = "";
        while (!path.IsEmpty)
        {
            // Behind the slash that begins it.
            path = path[1..];
            var end = path.IndexOf('/');
            var segment = end < 0 ? path : path[..end];
            var isLast = end < 0;
            path = isLast ? default : path[end..];
            var start = output.Append('/').Length;
            if (AppendSegment(output, segment) is { } reason)
            {
                return reason;
            }

            var written = output.ToString(start, output.Length - start);
            if (written is "." or "..")
            {
                RemoveDots(output, start, isParent: written.Length == 2, isLast);
            }
            else if (HidesDots(written))
            {
                return "A segment of the path is '.' or '..' to some readers, and a name to others.";
            }
        }

        encoded = output.ToString();
        return null;
    }

    // RFC 3986 section 5.2.4. The slash before the segment stays when nothing follows it.
    private static void RemoveDots(StringBuilder output, int start, bool isParent, bool isLast)
    {
        output.Length = start - 1;
        if (isParent)
        {
            var length = output.Length;
            while (length > 0 && output[--length] != '/')
            {
            }

            output.Length = length;
        }

        if (isLast)
        {
            output.Append('/');
        }
    }

    private static string? AppendSegment(StringBuilder output, ReadOnlySpan<char> segment)
    {
        for (var i = 0; i < segment.Length; i++)
        {
            var c = segment[i];
            if (c == '\\')
            {
                return "The path has a backslash, which some take for a slash; must be escaped as %5C.";
            }

            if (c != '%')
            {
                _ = Plain.Contains(c) ? output.Append(c) : AppendEscape(output, (byte)c);
                continue;
            }

            if (!TryReadEscape(segment[i..], out var value))
            {
                return "The path has a '%' without two hexadecimal digits.";
            }

            if (value == 0)
            {
                return "The path has an escaped NUL.";
            }

            if (IsOverlong(value, segment[(i + 3)..]))
            {
                return "The path has a character in an encoding longer than needed (RFC 3629 section 3).";
            }

            _ = Unreserved.Contains((char)value) ? output.Append((char)value) : AppendEscape(output, value);
            i += 2;
        }

        return null;
    }

    private static StringBuilder AppendEscape(StringBuilder output, byte value) => output.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));

    private static bool TryReadEscape(ReadOnlySpan<char> text, out byte value)
    {
        value = 0;
        return text.Length >= 3 && byte.TryParse(text.Slice(1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    // A slash written in two bytes is one to careless readers alone. Other bytes that are no UTF-8 may be of another, older encoding.
    private static bool IsOverlong(byte lead, ReadOnlySpan<char> rest) => TryReadEscape(rest, out var next) && rest[0] == '%' && lead switch
    {
        0xC0 or 0xC1 => next is >= 0x80 and <= 0xBF,
        0xE0 => next is >= 0x80 and <= 0x9F,
        0xF0 => next is >= 0x80 and <= 0x8F,
        _ => false,
    };

    // "..%2F", "..%5C" and "..;" end a segment of two dots for some; here they are within one.
    private static bool HidesDots(ReadOnlySpan<char> segment)
    {
        while (!segment.IsEmpty)
        {
            var end = IndexOfAny(segment, "%2F", "%5C");
            var piece = end < 0 ? segment : segment[..end];
            segment = end < 0 ? default : segment[(end + 3)..];
            var parameters = IndexOfAny(piece, ";", "%3B");
            if ((parameters < 0 ? piece : piece[..parameters]) is "." or "..")
            {
                return true;
            }
        }

        return false;
    }

    private static int IndexOfAny(ReadOnlySpan<char> text, string one, string other)
    {
        var (first, second) = (text.IndexOf(one), text.IndexOf(other));
        return first < 0 ? second : second < 0 ? first : Math.Min(first, second);
    }
}
