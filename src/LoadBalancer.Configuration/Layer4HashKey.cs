namespace LoadBalancer.Configuration;

/// <summary>What <see cref="SelectionPolicy.ConsistentHash"/> hashes on a Layer 4 listener.</summary>
public enum Layer4HashKey
{
    /// <summary>The client's address, as much of it as the source prefix says.</summary>
    SourceAddress,

    /// <summary>The client's address and port: each connection by itself, yet the same on every balancer.</summary>
    SourceAddressAndPort,

    /// <summary>The server name of the TLS ClientHello; the source address where there is none.</summary>
    ServerName,
}
