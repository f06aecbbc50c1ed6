using System.Buffers;
using System.Net;
using System.Text;

namespace LoadBalancer.Layer4.Tls;

/// <summary>Checks and normalises the host name of a ClientHello, so that it can be compared with configured ones.</summary>
internal static class ServerNames
{
    private const int MaxLength = 253;
    private const int MaxLabelLength = 63;

    // Letters, digits and hyphens (RFC 5890 §2.3.1). The underscore is in no host name by the book, but in many in private networks.
    private static readonly SearchValues<byte> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."u8);

    /// <summary>Reads a HostName (RFC 6066 §3).</summary>
    /// <param name="bytes">The name as sent. One dot at its end is tolerated: some clients leave it there, though they must not.</param>
    /// <param name="name">
    /// The name in lower case without that dot; null for an IP address, which is not allowed either, but which
    /// clients send that were given one as their host. It names nothing.
    /// </param>
    /// <returns>Whether it is a name or an IP address.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out string? name)
    {
        name = null;
        if (bytes.EndsWith("."u8))
        {
            bytes = bytes[..^1];
        }

        if (bytes.Length is 0 or > MaxLength)
        {
            return false;
        }

        if (IsAddress(bytes))
        {
            return true;
        }

        if (bytes.ContainsAnyExcept(Allowed) || !HasProperLabels(bytes))
        {
            return false;
        }

        Span<char> lower = stackalloc char[MaxLength];
        Ascii.ToLower(bytes, lower, out var length);
        name = new string(lower[..length]);
        return true;
    }

    // "10.1" is an address of old, but here more likely a name.
    private static bool IsAddress(ReadOnlySpan<byte> bytes) =>
        (bytes.Contains((byte)':') || bytes.Count((byte)'.') == 3) && IPAddress.IsValidUtf8(bytes);

    private static bool HasProperLabels(ReadOnlySpan<byte> bytes)
    {
        foreach (var label in bytes.Split((byte)'.'))
        {
            if (bytes[label].Length is 0 or > MaxLabelLength)
            {
                return false;
            }
        }

        return true;
    }
}
