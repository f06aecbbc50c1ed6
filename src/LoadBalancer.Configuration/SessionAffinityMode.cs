namespace LoadBalancer.Configuration;

/// <summary>What tells the requests of one session from those of others.</summary>
public enum SessionAffinityMode
{
    /// <summary>A signed cookie that the balancer sets.</summary>
    Cookie,

    /// <summary>A signed header that the balancer sets on answers and the client sends back.</summary>
    Header,

    /// <summary>The client's address.</summary>
    Source,
}
