using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.ProxyProtocol;

/// <summary>Reads a header of version 1: <c>PROXY TCP4 192.0.2.1 192.0.2.2 1024 443</c> and CR LF (proxy-protocol.txt §2.1).</summary>
internal static class VersionOneReader
{
    /// <summary>The longest line, with its end.</summary>
    public const int MaxLength = 107;

    private static readonly SearchValues<byte> Allowed = SearchValues.Create("0123456789abcdefABCDEF:. "u8);

    /// <summary>How every line begins.</summary>
    public static ReadOnlySpan<byte> Signature => "PROXY "u8;

    private static ReadOnlySpan<byte> Unknown => "PROXY UNKNOWN"u8;

    private static ReadOnlySpan<byte> Tcp4 => "PROXY TCP4 "u8;

    private static ReadOnlySpan<byte> Tcp6 => "PROXY TCP6 "u8;

    /// <summary>Reads a line of which the beginning agrees with <see cref="Signature"/>.</summary>
    public static ProxyHeaderResult Read(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, MaxLength)];
        var end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
        var line = end < 0 ? bytes : bytes[..end];
        var afterEnd = end < 0 ? default : bytes[end..];
        ProxyHeader? header = null;
        if (end < 0 ? !CanBegin(line) : !TryParse(line, out header))
        {
            return ProxyHeaderResult.Malformed("bad PROXY line");
        }

        if (!"\r\n"u8.AgreesWith(afterEnd))
        {
            return ProxyHeaderResult.Malformed("PROXY line without CR LF");
        }

        if (afterEnd.Length >= 2)
        {
            return ProxyHeaderResult.Complete(end + 2, header!);
        }

        return bytes.Length == MaxLength ? ProxyHeaderResult.Malformed("PROXY line too long") : ProxyHeaderResult.NeedMoreData;
    }

    private static bool CanBegin(ReadOnlySpan<byte> line) =>
        IsOrCanBeUnknown(line)
        || ((Tcp4.AgreesWith(line) || Tcp6.AgreesWith(line))
            && (line.Length <= Tcp4.Length || !line[Tcp4.Length..].ContainsAnyExcept(Allowed)));

    private static bool IsOrCanBeUnknown(ReadOnlySpan<byte> line) =>
        Unknown.AgreesWith(line) && (line.Length <= Unknown.Length || line[Unknown.Length] == ' ');

    private static bool TryParse(ReadOnlySpan<byte> line, out ProxyHeader? header)
    {
        header = null;

        // What else the line says must be ignored.
        if (line.StartsWith(Unknown))
        {
            header = new(ProxyProtocolVersion.V1, ProxyCommand.Proxy, ProxyTransport.Unspecified, null, null, default);
            return IsOrCanBeUnknown(line);
        }

        var isIPv4 = line.StartsWith(Tcp4);
        if (!isIPv4 && !line.StartsWith(Tcp6))
        {
            return false;
        }

        var fields = line[Tcp4.Length..];
        if (!TryParseAddress(CutField(ref fields), isIPv4, out var source) || !TryParseAddress(CutField(ref fields), isIPv4, out var destination)
            || !TryParsePort(CutField(ref fields), out var sourcePort) || !TryParsePort(fields, out var destinationPort))
        {
            return false;
        }

        header = new(ProxyProtocolVersion.V1, ProxyCommand.Proxy, ProxyTransport.Stream, new(source, sourcePort), new(destination, destinationPort), default);
        return true;
    }

    private static ReadOnlySpan<byte> CutField(ref ReadOnlySpan<byte> fields)
    {
        var space = fields.IndexOf((byte)' ');
        var field = space < 0 ? fields : fields[..space];
        fields = space < 0 ? default : fields[(space + 1)..];
        return field;
    }

    private static bool TryParseAddress(ReadOnlySpan<byte> text, bool isIPv4, out IPAddress address)
    {
        // Scopes, prefixes and brackets are what the parser would understand beyond an address.
        if (text.ContainsAnyExcept(Allowed) || !IPAddress.TryParse(text, out address!))
        {
            address = IPAddress.None;
            return false;
        }

        return isIPv4 ? IsCanonicalIPv4(text, address) : address.AddressFamily == AddressFamily.InterNetworkV6;
    }

    // Not "127.1", nor "010.0.0.1", which is 8.0.0.1 to some.
    private static bool IsCanonicalIPv4(ReadOnlySpan<byte> text, IPAddress address)
    {
        Span<byte> canonical = stackalloc byte["255.255.255.255".Length];
        return address.AddressFamily == AddressFamily.InterNetwork
            && address.TryFormat(canonical, out var length) && text.SequenceEqual(canonical[..length]);
    }

    // .NET takes "80" with zero bytes behind it for a number.
    private static bool TryParsePort(ReadOnlySpan<byte> text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
        && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9')
        && (text.Length == 1 || text[0] != '0');
}
