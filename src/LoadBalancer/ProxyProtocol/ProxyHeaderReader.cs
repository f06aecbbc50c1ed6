namespace LoadBalancer.ProxyProtocol;

/// <summary>
/// Reads the header that a proxy puts in front of what its client sends: the PROXY protocol, versions 1 and 2
/// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
/// </summary>
/// <remarks>Only for connections of proxies that are trusted: anybody can claim to be anybody in such a header.</remarks>
internal static class ProxyHeaderReader
{
    /// <summary>The longest header accepted, in bytes. The protocol allows 65551; of those known, certificates' names are the longest part.</summary>
    public const int MaxLength = 4096;

    /// <summary>Reads what has been sent so far. Does not throw, and tells what is no header by the first byte that shows it.</summary>
    /// <param name="bytes">All bytes from the connection's first on; what follows the header is not looked at.</param>
    public static ProxyHeaderResult Read(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? ProxyHeaderResult.NeedMoreData :
        VersionTwoReader.Signature.AgreesWith(bytes) ? VersionTwoReader.Read(bytes) :
        VersionOneReader.Signature.AgreesWith(bytes) ? VersionOneReader.Read(bytes) :
        ProxyHeaderResult.Malformed("not a PROXY protocol header");

    /// <summary>Whether the bytes are the beginning of the expected ones, or begin with them.</summary>
    public static bool AgreesWith(this ReadOnlySpan<byte> expected, ReadOnlySpan<byte> bytes)
    {
        var common = Math.Min(expected.Length, bytes.Length);
        return bytes[..common].SequenceEqual(expected[..common]);
    }
}
