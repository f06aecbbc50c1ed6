using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Reads the head of an answer (RFC 9112), strictly: what two readers could take for two different things is refused,
/// since the next answer on the connection would then be somebody else's. One object is used again and again.
/// </summary>
internal sealed class AnswerHead
{
    /// <summary>Bytes that the head of an answer may have.</summary>
    public const int MostBytes = 64 * 1024;

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // Tab, visible ASCII and space; what is above is of an unknown encoding and would not be Kestrel's to write.
    private static readonly SearchValues<byte> ValueBytes = SearchValues.Create([(byte)'\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(value => (byte)value)]);

    private readonly List<AnswerField> _fields = [];
    private readonly List<string> _namedByConnection = [];
    private bool _isOldVersion;
    private ulong _names;
    private bool _closes;
    private bool _keepsAlive;

    /// <summary>The status.</summary>
    public int Status { get; private set; }

    /// <summary>The reason phrase, where it is not the usual one of the status.</summary>
    public string? Reason { get; private set; }

    /// <summary>The fields, those of framing left out.</summary>
    public List<AnswerField> Fields => _fields;

    /// <summary>Whether a field has a URL.</summary>
    public bool HasLocation { get; private set; }

    /// <summary>Whether two fields may have the same name.</summary>
    public bool MayRepeat { get; private set; }

    /// <summary>What <c>Content-Length</c> says; null without one.</summary>
    public long? ContentLength { get; private set; }

    /// <summary>Whether the body comes in chunks.</summary>
    public bool IsChunked { get; private set; }

    /// <summary>Whether the connection may be used for another request.</summary>
    public bool KeepsAlive { get; private set; }

    /// <summary>What is wrong with the head that was refused.</summary>
    public string? Fault { get; private set; }

    /// <summary>Reads a head.</summary>
    /// <param name="bytes">What has come so far.</param>
    /// <param name="length">Length of the head with the empty line at its end.</param>
    public HeadStatus Read(ReadOnlySpan<byte> bytes, out int length)
    {
        Fault = null;
        length = bytes[..Math.Min(bytes.Length, MostBytes)].IndexOf("\r\n\r\n"u8);
        if (length < 0)
        {
            return bytes.Length >= MostBytes ? Refuse("its head is longer than 64 KiB") : ReadPart(bytes);
        }

        var rest = bytes[..(length + 2)];
        length += 4;
        Reset();
        if (!TryTakeLine(ref rest, out var line) || !ReadStatusLine(line))
        {
            return Refuse("its status line is malformed");
        }

        while (rest.Length > 0)
        {
            if (!TryTakeLine(ref rest, out line))
            {
                return Refuse("a line does not end with CR LF");
            }

            if ((FieldCache.Find(line) ?? ReadField(line)) is { } field)
            {
                Take(field);
            }

            if (Fault is not null)
            {
                return HeadStatus.Refused;
            }
        }

        return Finish();
    }

    // A field that is passed on, or of which everything is known; null for Content-Length, and with a fault.
    private AnswerField? ReadField(ReadOnlySpan<byte> line)
    {
        if (ReadNameAndValue(line, out var nameBytes, out var valueBytes) is { } fault)
        {
            Refuse(fault);
            return null;
        }

        if (Ascii.EqualsIgnoreCase(nameBytes, "Content-Length"u8))
        {
            ReadContentLength(valueBytes);
            return null;
        }

        var name = FieldNames.ToString(nameBytes);
        var value = Encoding.ASCII.GetString(valueBytes);
        var kind = FieldNames.KindOf(name);
        if (!FieldCache.MayKeep(line, kind))
        {
            return new(null, name, value, kind);
        }

        var field = new AnswerField(line.ToArray(), name, value, kind);
        FieldCache.Keep(field);
        return field;
    }

    /// <summary>Splits a line into name and value.</summary>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public static string? ReadNameAndValue(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var colon = line.IndexOf((byte)':');
        name = colon < 0 ? line : line[..colon];
        value = colon < 0 ? [] : line[(colon + 1)..].Trim(" \t"u8);
        return colon <= 0 || name.ContainsAnyExcept(NameBytes) ? "a field name is malformed, or a line is folded"
            : value.ContainsAnyExcept(ValueBytes) ? "a field value has characters that are not ASCII or not visible"
            : null;
    }

    private void Take(AnswerField field)
    {
        switch (field.Kind)
        {
            case FieldKind.Connection:
                ReadConnection(field.Text);
                break;
            case FieldKind.TransferEncoding:
                ReadTransferEncoding(field.Text);
                break;
            case FieldKind.Dropped:
                break;
            default:
                HasLocation |= field.Kind == FieldKind.Location;
                MayRepeat |= (_names & field.NameBit) != 0;
                _names |= field.NameBit;
                _fields.Add(field);
                break;
        }
    }

    private HeadStatus Finish()
    {
        if (IsChunked && ContentLength is not null)
        {
            return Refuse("it has both Content-Length and Transfer-Encoding");
        }

        foreach (var name in _namedByConnection)
        {
            _fields.RemoveAll(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        }

        KeepsAlive = !_closes && (!_isOldVersion || _keepsAlive);
        return HeadStatus.Complete;
    }

    private void Reset()
    {
        _fields.Clear();
        _namedByConnection.Clear();
        _names = 0;
        HasLocation = MayRepeat = IsChunked = _closes = _keepsAlive = false;
        ContentLength = null;
        Reason = null;
    }

    // Waiting for the end of a head that is wrong already could take for ever.
    private HeadStatus ReadPart(ReadOnlySpan<byte> bytes)
    {
        var start = "HTTP/1."u8;
        var common = Math.Min(start.Length, bytes.Length);
        if (!bytes[..common].SequenceEqual(start[..common]))
        {
            return Refuse("it is not HTTP/1.1");
        }

        for (var rest = bytes; rest.IndexOf((byte)'\n') is >= 0 and var end; rest = rest[(end + 1)..])
        {
            if (end == 0 || rest[end - 1] != '\r')
            {
                return Refuse("a line does not end with CR LF");
            }
        }

        return HeadStatus.Incomplete;
    }

    private static bool TryTakeLine(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        // The first CR has to be followed by LF; a LF before it is found by the check of characters.
        var end = rest.IndexOf((byte)'\r');
        if (end < 0 || end + 1 >= rest.Length || rest[end + 1] != '\n')
        {
            line = default;
            return false;
        }

        line = rest[..end];
        rest = rest[(end + 2)..];
        return true;
    }

    // HTTP/1.1 200 OK; the reason may be missing, the space before it as well (many servers do that).
    private bool ReadStatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != ' '
            || line[9] is < (byte)'1' or > (byte)'9' || !char.IsAsciiDigit((char)line[10]) || !char.IsAsciiDigit((char)line[11])
            || (line.Length > 12 && line[12] != ' '))
        {
            return false;
        }

        _isOldVersion = line[7] == '0';
        Status = ((line[9] - '0') * 100) + ((line[10] - '0') * 10) + line[11] - '0';
        var reason = line.Length > 13 ? line[13..] : default;
        if (reason.ContainsAnyExcept(ValueBytes))
        {
            return false;
        }

        Reason = Ascii.Equals(reason, ReasonPhrases.GetReasonPhrase(Status)) ? null : Encoding.ASCII.GetString(reason);
        return true;
    }

    private void ReadContentLength(ReadOnlySpan<byte> value)
    {
        // Utf8Parser would take a sign.
        if (value.IsEmpty || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(value, out long length, out var used) || used != value.Length)
        {
            Refuse("its Content-Length is no number");
        }
        else if (ContentLength is { } before && before != length)
        {
            Refuse("it has two different Content-Length fields");
        }
        else
        {
            ContentLength = length;
        }
    }

    private void ReadTransferEncoding(string value)
    {
        if (IsChunked || _isOldVersion || !value.Equals("chunked", StringComparison.OrdinalIgnoreCase))
        {
            // Other codings were not asked for (TE), and a second chunked is a second reading.
            Refuse("its Transfer-Encoding is not chunked alone");
        }

        IsChunked = true;
    }

    private void ReadConnection(string value)
    {
        foreach (var range in value.AsSpan().Split(','))
        {
            var option = value.AsSpan(range).Trim();
            if (option.Equals("close", StringComparison.OrdinalIgnoreCase))
            {
                _closes = true;
            }
            else if (option.Equals("keep-alive", StringComparison.OrdinalIgnoreCase))
            {
                _keepsAlive = true;
            }
            else if (!option.IsEmpty)
            {
                _namedByConnection.Add(option.ToString());
            }
        }
    }

    private HeadStatus Refuse(string fault)
    {
        Fault = fault;
        return HeadStatus.Refused;
    }
}
