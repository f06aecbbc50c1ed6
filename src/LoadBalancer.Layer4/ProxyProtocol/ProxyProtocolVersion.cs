namespace LoadBalancer.Layer4.ProxyProtocol;

/// <summary>A version of the PROXY protocol; the numbers are those of its specification.</summary>
internal enum ProxyProtocolVersion
{
    /// <summary>A line of text (proxy-protocol.txt §2.1).</summary>
    V1 = 1,

    /// <summary>Binary (proxy-protocol.txt §2.2).</summary>
    V2 = 2,
}
