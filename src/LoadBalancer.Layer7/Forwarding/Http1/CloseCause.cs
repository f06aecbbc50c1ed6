namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>Why a connection to a backend was closed by us.</summary>
internal enum CloseCause
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>It is no longer needed, or cannot be used again.</summary>
    Done,

    /// <summary>The backend closed it while nobody used it, or spoke unasked.</summary>
    Stale,

    /// <summary>Nothing happened for longer than it may.</summary>
    Expired,

    /// <summary>The client went away, or the attempt was ended.</summary>
    Aborted,
}
