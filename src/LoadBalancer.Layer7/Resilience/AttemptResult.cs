namespace LoadBalancer.Layer7.Resilience;

/// <summary>What an attempt came to.</summary>
internal enum AttemptResult
{
    /// <summary>The backend answered, whatever the status.</summary>
    Answered,

    /// <summary>Nobody waits for the answer any more: the client went away, or broke off its body.</summary>
    ClientGone,

    /// <summary>The request could not be made; no backend is to blame.</summary>
    NotSendable,

    /// <summary>There was no connection, so that the backend has seen nothing.</summary>
    NotConnected,

    /// <summary>The backend broke off, before its answer or within it, or what it sent is none.</summary>
    Broken,

    /// <summary>A time-out ran out.</summary>
    TimedOut,
}
