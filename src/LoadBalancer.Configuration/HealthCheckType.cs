namespace LoadBalancer.Configuration;

/// <summary>What an active health check does.</summary>
public enum HealthCheckType
{
    /// <summary>No active checks: a backend that discovery names is taken to be healthy.</summary>
    None,

    /// <summary>A TCP connection is opened and closed again.</summary>
    Tcp,

    /// <summary><c>GET</c> on a path: any status from 200 to 399 passes.</summary>
    Http,
}
