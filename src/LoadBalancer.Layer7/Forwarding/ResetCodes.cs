using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Codes that streams are reset with: those of HTTP/2 (RFC 9113 §7), and of HTTP/3 (RFC 9114 §8.1) where that is spoken.</summary>
internal static class ResetCodes
{
    /// <summary>Something went wrong that is not the peer's fault.</summary>
    public const int InternalError = 0x2;

    /// <summary>The stream is no longer wanted.</summary>
    public const int Cancel = 0x8;

    private const int FirstOfHttp3 = 0x100;

    // Those that say the same in both.
    private static readonly (int Http2, int Http3)[] Pairs = [(0x0, 0x100), (0x1, 0x101), (InternalError, 0x102), (0x7, 0x10b), (Cancel, 0x10c), (0xa, 0x10f), (0xb, 0x107), (0xd, 0x110)];

    /// <summary>The code that says to a client what another, of either version, says.</summary>
    /// <param name="protocol">What the client speaks, as its request says.</param>
    /// <param name="code">A code of HTTP/2 or HTTP/3. What the client's version has no word for is an internal error.</param>
    public static int For(string protocol, int code)
    {
        var isHttp3 = HttpProtocol.IsHttp3(protocol);
        if (code >= FirstOfHttp3 == isHttp3)
        {
            return code;
        }

        foreach (var (http2, http3) in Pairs)
        {
            if (code == (isHttp3 ? http2 : http3))
            {
                return isHttp3 ? http3 : http2;
            }
        }

        return For(protocol, InternalError);
    }
}
