namespace LoadBalancer.Configuration.Statistics;

/// <summary>Whether a backend can be picked.</summary>
public enum BackendState
{
    /// <summary>New, and its first health check has not ended: not picked.</summary>
    Checking,

    /// <summary>Can be picked.</summary>
    Healthy,

    /// <summary>Failed its health checks: not picked.</summary>
    Unhealthy,

    /// <summary>Left discovery: not picked, what it has may end.</summary>
    Draining,
}
