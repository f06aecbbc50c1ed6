namespace LoadBalancer.Layer4;

/// <summary>Why a connection or session ended.</summary>
internal enum CloseReason
{
    /// <summary>Both sides finished sending; a UDP session had its last reply.</summary>
    Completed,

    /// <summary>The client reset it, or gave up while it waited.</summary>
    ClientReset,

    /// <summary>The backend reset it, or died.</summary>
    BackendReset,

    /// <summary>No byte in either direction for the idle time-out.</summary>
    IdleTimeout,

    /// <summary>The balancer stops and the drain time-out is over.</summary>
    Shutdown,

    /// <summary>Its backend drains and the drain time-out is over.</summary>
    Drained,

    /// <summary>Closed by command.</summary>
    Command,

    /// <summary>A fault that was switched on by command.</summary>
    Fault,

    /// <summary>Refused: no backend can be picked.</summary>
    NoBackend,

    /// <summary>Refused: every backend that was tried refused or did not answer in time.</summary>
    ConnectFailed,

    /// <summary>Refused: the listener or every backend is at its limit, and as many wait already as may.</summary>
    AtCapacity,

    /// <summary>Refused: it waited for as long as it may.</summary>
    QueueTimeout,

    /// <summary>Refused: the client's network may not connect.</summary>
    Denied,

    /// <summary>Refused: the source connects too often.</summary>
    RateLimited,

    /// <summary>Refused: a trusted proxy sent no valid PROXY protocol header in time.</summary>
    BadProxyHeader,

    /// <summary>Refused: no valid ClientHello came in time.</summary>
    BadClientHello,

    /// <summary>Refused: no TLS route takes the server name, and there is no pool for the others.</summary>
    NoRoute,
}
