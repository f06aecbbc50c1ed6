namespace LoadBalancer.Layer7.Tests.Tls;

/// <summary>What is wrong with a backend that is spoken to over TLS.</summary>
public enum Flaw
{
    /// <summary>Its certificate comes from an authority that nobody trusts.</summary>
    UntrustedCertificate,

    /// <summary>It speaks HTTP in clear text.</summary>
    ClearText,

    /// <summary>It answers a greeting with bytes that mean nothing.</summary>
    Garbage,

    /// <summary>It ends the connection when it has been greeted.</summary>
    Closes,

    /// <summary>It resets the connection when it has been greeted.</summary>
    Resets,

    /// <summary>It speaks TLS, but none of the HTTP versions that it is asked for.</summary>
    OtherProtocol,

    /// <summary>It speaks TLS, and does not know of HTTP versions.</summary>
    NoProtocol,
}
