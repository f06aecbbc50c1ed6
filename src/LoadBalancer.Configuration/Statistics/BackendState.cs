namespace LoadBalancer.Configuration.Statistics;

/// <summary>Whether a backend can be picked.</summary>
public enum BackendState
{
    /// <summary>New, and its first health check has not ended: not picked.</summary>
    Checking,

    /// <summary>Can be picked.</summary>
    Healthy,

    /// <summary>Became healthy again a short time ago: picked, with a share that grows.</summary>
    SlowStart,

    /// <summary>Failed its health checks: not picked, unless the pool panics.</summary>
    Unhealthy,

    /// <summary>Failed the traffic itself: not picked for a time, unless the pool panics.</summary>
    Ejected,

    /// <summary>Left discovery, or was drained by command: not picked, what it has may end.</summary>
    Draining,
}
