namespace LoadBalancer.ProxyProtocol;

/// <summary>How the client of a proxy talks to it; the numbers are those on the wire.</summary>
internal enum ProxyTransport
{
    /// <summary>Not said, or not known.</summary>
    Unspecified = 0,

    /// <summary>TCP, or a Unix stream.</summary>
    Stream = 1,

    /// <summary>UDP, or Unix datagrams.</summary>
    Datagram = 2,
}
