namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>How a peer is spoken to.</summary>
public enum ClientKind
{
    /// <summary>HTTP/1.1 in clear text.</summary>
    H1,

    /// <summary>HTTP/2 in clear text, with prior knowledge.</summary>
    H2C,

    /// <summary>HTTP/1.1 over TLS.</summary>
    H1Tls,

    /// <summary>HTTP/2 over TLS.</summary>
    H2Tls,
}
