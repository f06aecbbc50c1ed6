using System.Text;

namespace LoadBalancer.Layer4.Tls;

/// <summary>Names of protocols in a ClientHello (RFC 7301 §6).</summary>
internal static class ApplicationProtocols
{
    /// <summary>A name as text, each byte a character: names need not be text. The usual ones allocate nothing.</summary>
    public static string ToString(ReadOnlySpan<byte> protocol) =>
        protocol.SequenceEqual("h2"u8) ? "h2" :
        protocol.SequenceEqual("http/1.1"u8) ? "http/1.1" :
        Encoding.Latin1.GetString(protocol);
}
