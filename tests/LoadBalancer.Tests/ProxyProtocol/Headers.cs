using System.Text;

namespace LoadBalancer.Tests.ProxyProtocol;

/// <summary>Headers of the PROXY protocol, byte by byte.</summary>
internal static class Headers
{
    public const string Signature = "0D0A0D0A000D0A515549540A";

    /// <summary>Addresses 192.0.2.1 and 192.0.2.2, ports 1024 and 443.</summary>
    public const string IPv4Addresses = "C0000201" + "C0000202" + "0400" + "01BB";

    /// <summary>Addresses 2001:db8::1 and 2001:db8::2, ports 1024 and 443.</summary>
    public const string IPv6Addresses = "20010DB8000000000000000000000001" + "20010DB8000000000000000000000002" + "0400" + "01BB";

    /// <summary>A header that HAProxy 2.6.12 sent (<c>send-proxy-v2 proxy-v2-options crc32c,unique-id</c>), recorded from a socket.</summary>
    public const string OfHAProxyWithUniqueId =
        "0D0A0D0A000D0A515549540A211100287F0000017F000001B6684809030004896D1B920500123132372E302E302E312D66697865642D6964";

    /// <summary>Likewise, over IPv6 with <c>crc32c</c> alone.</summary>
    public const string OfHAProxyOverIPv6 =
        "0D0A0D0A000D0A515549540A2121002B0000000000000000000000000000000100000000000000000000000000000001AD90480A0300048083B685";

    /// <summary>Likewise, with <c>send-proxy</c>.</summary>
    public const string LineOfHAProxy = "PROXY TCP4 127.0.0.1 127.0.0.1 46720 18443\r\n";

    public static byte[] Hex(string hex) => Convert.FromHexString(hex);

    public static byte[] Text(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>A header of version 2 with the right length.</summary>
    public static byte[] V2(byte versionAndCommand, byte familyAndTransport, string rest) =>
        [.. Hex(Signature), versionAndCommand, familyAndTransport, (byte)(rest.Length / 2 >> 8), (byte)(rest.Length / 2), .. Hex(rest)];

    /// <summary>A vector of a type, a length and a value.</summary>
    public static string Vector(byte type, string value) => $"{type:X2}{value.Length / 2:X4}{value}";
}
