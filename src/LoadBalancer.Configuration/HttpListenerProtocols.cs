namespace LoadBalancer.Configuration;

/// <summary>The HTTP versions that a Layer 7 listener speaks.</summary>
public enum HttpListenerProtocols
{
    /// <summary>HTTP/1.1, with WebSocket upgrades.</summary>
    Http1,

    /// <summary>HTTP/2 with prior knowledge, in clear text (RFC 9113 §3.3).</summary>
    Http2,
}
