namespace LoadBalancer.Configuration;

/// <summary>The HTTP version spoken to backends.</summary>
public enum BackendHttpVersion
{
    /// <summary>
    /// To <c>https</c> what the handshake decides (ALPN), HTTP/2 or HTTP/1.1; to <c>http</c> HTTP/1.1, save for gRPC
    /// requests, which are sent as HTTP/2 with prior knowledge.
    /// </summary>
    Auto,

    /// <summary>HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/2, in clear text with prior knowledge (RFC 9113 §3.3).</summary>
    Http2,

    /// <summary>HTTP/3; needs <c>https</c> addresses and a machine that has QUIC.</summary>
    Http3,
}
