using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>The backends of one service.</summary>
public sealed record PoolOptions
{
    /// <summary>
    /// The name that service discovery resolves: <c>[scheme://][_endpoint.]name</c>.
    /// Default: <c>http://</c> and the pool's name, or <c>tcp://</c> where only Layer 4 listeners use the pool.
    /// </summary>
    [Description("Name that service discovery resolves, [scheme://][_endpoint.]name. Default http://<pool>, or tcp://<pool> where only Layer 4 listeners use the pool.")]
    public string? Service { get; set; }

    /// <summary>How a backend is picked. Default: <see cref="SelectionPolicy.RoundRobin"/>.</summary>
    [Description("How a backend is picked. Default RoundRobin.")]
    public SelectionPolicy Policy { get; set; } = SelectionPolicy.RoundRobin;

    /// <summary>Active health checks. Default: a TCP connection every 2 s.</summary>
    [Description("Active health checks. Default: a TCP connection every 2 s.")]
    public HealthCheckOptions HealthCheck { get; set; } = new();

    /// <summary>Names and weights of discovered addresses; the key is the backend's name.</summary>
    [Description("Names and weights of discovered addresses; the key is the backend's name.")]
    public Dictionary<string, BackendOptions> Backends { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>TLS towards backends with the scheme <c>https</c>. Default: the machine's authorities and the backend's host.</summary>
    [Description("TLS towards backends with the scheme https. Default: certificates are checked against the machine's authorities and the backend's host.")]
    public BackendTlsOptions? BackendTls { get; set; }
}
