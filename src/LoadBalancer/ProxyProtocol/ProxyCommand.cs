namespace LoadBalancer.ProxyProtocol;

/// <summary>On whose behalf the sender of a header has connected; the numbers are those on the wire.</summary>
internal enum ProxyCommand
{
    /// <summary>On its own, as for a health check: the connection's own addresses are the true ones.</summary>
    Local = 0,

    /// <summary>On a client's.</summary>
    Proxy = 1,
}
