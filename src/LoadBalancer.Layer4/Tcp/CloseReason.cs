namespace LoadBalancer.Layer4.Tcp;

/// <summary>Why a connection ended.</summary>
internal enum CloseReason
{
    /// <summary>Both sides finished sending.</summary>
    Completed,

    /// <summary>The client reset it.</summary>
    ClientReset,

    /// <summary>The backend reset it, or died.</summary>
    BackendReset,

    /// <summary>No byte in either direction for the idle time-out.</summary>
    IdleTimeout,

    /// <summary>The balancer stops and the drain time-out is over.</summary>
    Shutdown,

    /// <summary>No backend can be picked.</summary>
    NoBackend,

    /// <summary>Every backend that was tried refused or did not answer in time.</summary>
    ConnectFailed,
}
