namespace LoadBalancer.Backends;

/// <summary>Why no backend was picked.</summary>
public enum PickFailure
{
    /// <summary>One was.</summary>
    None,

    /// <summary>No backend can be picked, or all were tried.</summary>
    NoBackend,

    /// <summary>Every backend is at its limit, and as many wait already as may.</summary>
    AtCapacity,

    /// <summary>Every backend was at its limit for as long as one may wait.</summary>
    QueueTimeout,

    /// <summary>Whoever waited has gone.</summary>
    Cancelled,
}
