namespace LoadBalancer.Configuration;

/// <summary>Version of the PROXY protocol (HAProxy, "The PROXY protocol", sections 2.1 and 2.2).</summary>
public enum ProxyProtocolVersion
{
    /// <summary>No header.</summary>
    None,

    /// <summary>A line of text, at most 107 bytes.</summary>
    V1,

    /// <summary>Binary.</summary>
    V2,
}
