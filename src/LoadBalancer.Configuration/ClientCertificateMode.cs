namespace LoadBalancer.Configuration;

/// <summary>Whether clients of a listener present a certificate.</summary>
public enum ClientCertificateMode
{
    /// <summary>They are not asked for one.</summary>
    None,

    /// <summary>They are asked for one and may have none.</summary>
    Request,

    /// <summary>Without one the handshake fails.</summary>
    Require,
}
