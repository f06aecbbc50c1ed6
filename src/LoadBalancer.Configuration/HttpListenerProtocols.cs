namespace LoadBalancer.Configuration;

/// <summary>The HTTP versions that a Layer 7 listener speaks.</summary>
public enum HttpListenerProtocols
{
    /// <summary>HTTP/1.1, with WebSocket upgrades.</summary>
    Http1,

    /// <summary>HTTP/2: over TLS, or in clear text with prior knowledge (RFC 9113 §3.3).</summary>
    Http2,

    /// <summary>Either, as the TLS handshake decides (ALPN, RFC 7301). Needs TLS.</summary>
    Http1AndHttp2,

    /// <summary>
    /// As <see cref="Http1AndHttp2"/>, and HTTP/3 over QUIC on the same port, where the operating system has it
    /// (RFC 9114). Needs TLS.
    /// </summary>
    Http1AndHttp2AndHttp3,
}
