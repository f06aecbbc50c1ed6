namespace LoadBalancer.Configuration;

/// <summary>Transport protocol of a Layer 4 listener.</summary>
public enum Layer4Protocol
{
    /// <summary>Connections.</summary>
    Tcp,

    /// <summary>Datagrams; those of one client endpoint are a session.</summary>
    Udp,
}
