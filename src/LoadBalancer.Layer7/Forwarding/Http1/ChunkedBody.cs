using System.Buffers.Text;
using System.Text;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Takes a body out of its chunks (RFC 9112 §7.1), piece by piece as it comes. As strict as <see cref="AnswerHead"/>:
/// sizes are hexadecimal digits alone, lines end with CR LF.
/// </summary>
internal struct ChunkedBody
{
    private const int LongestSizeLine = 1_024;
    private const int LongestTrailers = 16 * 1024;

    private long _left;
    private int _trailerBytes;
    private Place _place;

    private enum Place
    {
        Size,
        Data,
        DataEnd,
        Trailers,
        End,
    }

    /// <summary>Whether the body is whole.</summary>
    public readonly bool IsComplete => _place == Place.End;

    /// <summary>Takes the next piece of the body, or a field that follows it, out of what has come.</summary>
    /// <param name="input">What has come and was not read.</param>
    /// <param name="consumed">Bytes of <paramref name="input"/> that were read; 0 when more has to come.</param>
    /// <param name="data">The piece; empty when nothing but framing was read.</param>
    /// <param name="trailer">The field; null when none was read.</param>
    /// <returns>Whether it is sound so far.</returns>
    public bool TryRead(ReadOnlySpan<byte> input, out int consumed, out ReadOnlySpan<byte> data, out KeyValuePair<string, string>? trailer)
    {
        consumed = 0;
        data = default;
        trailer = null;
        while (_place != Place.End && trailer is null)
        {
            var rest = input[consumed..];
            if (_place == Place.Data)
            {
                data = rest[..(int)Math.Min(_left, rest.Length)];
                consumed += data.Length;
                _left -= data.Length;
                _place = _left == 0 ? Place.DataEnd : Place.Data;
                return true;
            }

            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                return rest.Length <= (_place == Place.Trailers ? LongestTrailers : LongestSizeLine) && MayBegin(rest);
            }

            if (end == 0 || rest[end - 1] != '\r' || !TryReadLine(rest[..(end - 1)], out trailer))
            {
                return false;
            }

            consumed += end + 1;
        }

        return true;
    }

    // Behind a chunk there is nothing to wait for but CR LF.
    private readonly bool MayBegin(ReadOnlySpan<byte> line) => _place != Place.DataEnd || line.IsEmpty || (line.Length == 1 && line[0] == '\r');

    private bool TryReadLine(ReadOnlySpan<byte> line, out KeyValuePair<string, string>? trailer)
    {
        trailer = null;
        switch (_place)
        {
            case Place.Size:
                return TryReadSize(line);
            case Place.DataEnd:
                _place = Place.Size;
                return line.IsEmpty;
            default:
                if (line.IsEmpty)
                {
                    _place = Place.End;
                    return true;
                }

                return TryReadTrailer(line, out trailer);
        }
    }

    private bool TryReadSize(ReadOnlySpan<byte> line)
    {
        var extension = line.IndexOf((byte)';');
        var size = extension < 0 ? line : line[..extension].TrimEnd(" \t"u8);
        // 15 digits are more than any body has, and cannot overflow.
        if (size.Length is 0 or > 15 || line.Length > LongestSizeLine || line.ContainsAnyInRange((byte)0, (byte)8) || line.Contains((byte)'\r')
            || !Utf8Parser.TryParse(size, out long value, out var used, 'x') || used != size.Length || size[0] is (byte)'-' or (byte)'+')
        {
            return false;
        }

        _left = value;
        _place = value == 0 ? Place.Trailers : Place.Data;
        return true;
    }

    private bool TryReadTrailer(ReadOnlySpan<byte> line, out KeyValuePair<string, string>? trailer)
    {
        trailer = null;
        _trailerBytes += line.Length;
        if (_trailerBytes > LongestTrailers || AnswerHead.ReadNameAndValue(line, out var nameBytes, out var value) is not null)
        {
            return false;
        }

        var name = FieldNames.ToString(nameBytes);
        // A field of framing is none of the body's end (RFC 9110 §6.5.1).
        trailer = FieldNames.KindOf(name) is FieldKind.Plain or FieldKind.Personal or FieldKind.Location ? new(name, Encoding.ASCII.GetString(value)) : null;
        return true;
    }
}
