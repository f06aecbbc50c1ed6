using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>Which of a route's time-outs ran out; the names are those of <see cref="RouteTimeoutOptions"/>.</summary>
internal enum RouteTimeout
{
    /// <summary>No backend accepted a connection in time.</summary>
    Connect,

    /// <summary>The head of the answer did not come in time.</summary>
    FirstByte,

    /// <summary>The whole request took too long.</summary>
    Total,

    /// <summary>There was no byte in either direction for too long.</summary>
    Idle,
}
