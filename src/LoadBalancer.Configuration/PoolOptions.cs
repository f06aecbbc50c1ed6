using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>The backends of one service.</summary>
public sealed record PoolOptions
{
    /// <summary>
    /// The name that service discovery resolves: <c>[scheme://][_endpoint.]name</c>.
    /// Default: <c>http://</c> and the pool's name, or <c>tcp://</c> (<c>udp://</c>) where only Layer 4 (UDP) listeners use the pool.
    /// </summary>
    [Description("Name that service discovery resolves, [scheme://][_endpoint.]name. Default http://<pool>, or tcp://<pool> (udp://<pool>) where only Layer 4 (Udp) listeners use the pool.")]
    public string? Service { get; set; }

    /// <summary>How a backend is picked. Default: <see cref="SelectionPolicy.RoundRobin"/>.</summary>
    [Description("How a backend is picked. Default RoundRobin.")]
    public SelectionPolicy Policy { get; set; } = SelectionPolicy.RoundRobin;

    /// <summary>
    /// Entries of the table of <see cref="SelectionPolicy.SourceHash"/> and <see cref="SelectionPolicy.ConsistentHash"/>,
    /// a prime from 251 to 5,000,011. Default: 65,537. At least 100 times the number of backends keeps their shares within a percent.
    /// </summary>
    [Description("Entries of the table of SourceHash and ConsistentHash, a prime from 251 to 5000011; at least 100 times the number of backends keeps their shares within a percent. Default 65537.")]
    public int HashTableSize { get; set; } = 65_537;

    /// <summary>Most connections and requests that one backend may have at a time, 1 to 1,000,000. Default: no limit.</summary>
    [Description("Most connections and requests that one backend may have at a time, 1 to 1000000. Default: no limit.")]
    public int? MaxConnections { get; set; }

    /// <summary>Connections and requests that may wait while every backend is at its limit, 0 to 1,000,000; 0 refuses at once. Default: 1,000.</summary>
    [Description("Connections and requests that may wait while every backend is at MaxConnections, 0 to 1000000; 0 refuses at once. Default 1000.")]
    public int QueueLength { get; set; } = 1_000;

    /// <summary>Time after which one that waits is refused, 1 ms to 10 min. Default: 5 s.</summary>
    [Description("Time after which one that waits is refused, 00:00:00.001 to 00:10:00. Default 00:00:05.")]
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>PROXY protocol header that each Layer 4 connection to a backend starts with. Default: none, so that backends do not learn the client's address.</summary>
    [Description("PROXY protocol header that each Layer 4 connection to a backend starts with: None, V1 or V2. Default None: the backend does not learn the client's address.")]
    public ProxyProtocolVersion SendProxyProtocol { get; set; } = ProxyProtocolVersion.None;

    /// <summary>Passive health. Default: five failures in a row eject a backend for 5 s, then 10 s, 20 s, …</summary>
    [Description("Passive health. Default: five failures in a row eject a backend for 5 s, then 10 s, 20 s and so on.")]
    public OutlierEjectionOptions OutlierEjection { get; set; } = new();

    /// <summary>
    /// Share of backends, in percent, that may be unhealthy or ejected; when more are, all are used, since checks that
    /// fail everywhere are more likely wrong than right. 0 to 100; 100 never uses an unhealthy backend. Default: 50.
    /// </summary>
    [Description("Percent of backends that may be unhealthy or ejected, 0 to 100; when more are, all are used. 100 never uses an unhealthy one. Default 50.")]
    public int PanicThreshold { get; set; } = 50;

    /// <summary>
    /// Whether an answer of service discovery without addresses keeps the backends of the last answer. False: it says that
    /// none runs. A lookup that fails keeps them always. Default true.
    /// </summary>
    [Description("Whether an answer of service discovery without addresses keeps the backends of the last answer; false: it says that none runs. A lookup that fails keeps them always. Default true.")]
    public bool KeepLastBackends { get; set; } = true;

    /// <summary>Time in which the share of a backend that has become healthy again grows from nothing to the whole, 0 to 1 h. Default: 0, the whole at once.</summary>
    [Description("Time in which the share of a backend that has become healthy again grows, linearly, to the whole, 00:00:00 to 01:00:00. Default 00:00:00: the whole at once.")]
    public TimeSpan SlowStart { get; set; } = TimeSpan.Zero;

    /// <summary>Active health checks. Default: a TCP connection every 2 s.</summary>
    [Description("Active health checks. Default: a TCP connection every 2 s.")]
    public HealthCheckOptions HealthCheck { get; set; } = new();

    /// <summary>Names and weights of discovered addresses; the key is the backend's name.</summary>
    [Description("Names and weights of discovered addresses; the key is the backend's name.")]
    public Dictionary<string, BackendOptions> Backends { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>TLS towards backends with the scheme <c>https</c>. Default: the machine's authorities and the backend's host.</summary>
    [Description("TLS towards backends with the scheme https. Default: certificates are checked against the machine's authorities and the backend's host.")]
    public BackendTlsOptions? BackendTls { get; set; }

    /// <summary>The HTTP version that Layer 7 speaks to backends. Default: <see cref="BackendHttpVersion.Auto"/>.</summary>
    [Description("HTTP version that Layer 7 speaks to backends: Auto (https: ALPN; http: Http1, gRPC Http2), Http1, Http2 (to http with prior knowledge) or Http3 (to https alone, where the machine has QUIC). Default Auto.")]
    public BackendHttpVersion HttpVersion { get; set; } = BackendHttpVersion.Auto;

    /// <summary>Time in which a latency seen by <see cref="SelectionPolicy.PeakEwma"/> loses 63 % of its weight, 100 ms to 10 min. Default: 10 s.</summary>
    [Description("Time in which a latency seen by PeakEwma loses 63 % of its weight, 00:00:00.1 to 00:10:00. Default 00:00:10.")]
    public TimeSpan LatencyDecay { get; set; } = TimeSpan.FromSeconds(10);
}
