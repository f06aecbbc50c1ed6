using System.ComponentModel;
using System.Text.Json.Serialization;

namespace LoadBalancer.Configuration;

/// <summary>A listener whose connections or datagrams go, byte for byte, to a pool.</summary>
public sealed record Layer4ListenerOptions
{
    /// <summary>Most sessions of a UDP listener that has no <see cref="MaxConnections"/>.</summary>
    public const int DefaultMaxSessions = 10_000;

    /// <summary>Where clients connect: an IP address, <c>localhost</c> (both loopbacks) or <c>*</c> (all), and a port; 0 takes a free one.</summary>
    [Description("Where clients connect: IP address, localhost (both loopbacks) or * (all), and a port 0-65535 (0 takes a free one). A Tcp and a Udp listener may share a port. Must be given.")]
    public string? Address { get; set; }

    /// <summary>TCP connections or UDP datagrams. Default: <see cref="Layer4Protocol.Tcp"/>.</summary>
    [Description("Tcp or Udp. Default Tcp.")]
    public Layer4Protocol Protocol { get; set; } = Layer4Protocol.Tcp;

    /// <summary>Relay (two connections) or kernel NAT (one). Default: <see cref="Layer4Mode.Relay"/>.</summary>
    [Description("Relay: two connections, the balancer copies. Nat: one connection, the kernel rewrites addresses (Linux, nftables, CAP_NET_ADMIN). Default Relay.")]
    public Layer4Mode Mode { get; set; } = Layer4Mode.Relay;

    /// <summary>The pool that gets the connections; with <see cref="TlsRoutes"/>, those that no route takes. Without it these are closed.</summary>
    [Description("Pool that gets the connections; with TlsRoutes, those that no route takes, which are closed without it. Must be given where there are no TlsRoutes.")]
    public string? Pool { get; set; }

    /// <summary>Overrides the pool's policy for this listener.</summary>
    [Description("How a backend is picked. Default: the pool's Policy.")]
    public SelectionPolicy? Policy { get; set; }

    /// <summary>What <see cref="SelectionPolicy.ConsistentHash"/> hashes. Default: <see cref="Layer4HashKey.SourceAddress"/>.</summary>
    [Description("What ConsistentHash hashes: SourceAddress, SourceAddressAndPort or ServerName (needs TlsRoutes). Default SourceAddress.")]
    public Layer4HashKey HashKey { get; set; } = Layer4HashKey.SourceAddress;

    /// <summary>How much of a client's address counts for hashing, affinity and rate. Default: IPv4 whole, IPv6 64 bits.</summary>
    [Description("How much of a client's address counts for hashing, affinity and rate. Default: IPv4 whole, IPv6 64 bits.")]
    public SourcePrefixOptions SourcePrefix { get; set; } = new();

    /// <summary>Keeps a client on its backend; absent means no memory beyond the policy's.</summary>
    [Description("Keeps a client on its backend across reconnects and replica changes; absent: no memory beyond the policy's.")]
    public SourceAffinityOptions? SourceAffinity { get; set; }

    /// <summary>Time in which a backend must accept, 10 ms to 5 min. Default: 5 s.</summary>
    [Description("Time in which a backend must accept, 00:00:00.01 to 00:05:00. Default 00:00:05.")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Backends that are tried for one connection before it is reset, 1 to 16. Default: 3.</summary>
    [Description("Backends that are tried for one connection before it is reset, 1 to 16. Default 3.")]
    public int ConnectAttempts { get; set; } = 3;

    /// <summary>Time without a byte in either direction after which a connection or session is closed, 1 s to 7 d. Default: 10 min, UDP 1 min.</summary>
    [Description("Time without a byte in either direction after which a connection or session is closed, 00:00:01 to 7.00:00:00. Default 00:10:00, Udp 00:01:00.")]
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>Most connections or sessions at a time, 1 to 1,000,000. Default: no limit; UDP 10,000.</summary>
    [Description("Most connections or sessions at a time, 1 to 1000000. Default: no limit; Udp 10000.")]
    public int? MaxConnections { get; set; }

    /// <summary>Connections that may wait while <see cref="MaxConnections"/> are open, 0 to 1,000,000; 0 refuses at once. Default: 1,000. UDP never waits.</summary>
    [Description("Connections that may wait while MaxConnections are open, 0 to 1000000; 0 refuses at once. Default 1000. Udp never waits.")]
    public int QueueLength { get; set; } = 1_000;

    /// <summary>Time after which a connection that waits is refused, 1 ms to 10 min. Default: 5 s.</summary>
    [Description("Time after which a connection that waits is refused, 00:00:00.001 to 00:10:00. Default 00:00:05.")]
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Replies that end a UDP session, 1 to 1,000,000, such as 1 for DNS. Default: none do.</summary>
    [Description("Replies that end a UDP session, 1 to 1000000, such as 1 for DNS. Default: none do.")]
    public int? MaxReplies { get; set; }

    /// <summary>Pools by what the TLS ClientHello says, by name. Empty: the listener does not look at bytes.</summary>
    [Description("Pools by what the TLS ClientHello says, by name. Empty: the listener does not look at bytes.")]
    public Dictionary<string, TlsRouteOptions> TlsRoutes { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Time in which a whole ClientHello must come, 10 ms to 1 min. Default: 5 s.</summary>
    [Description("Time in which a whole ClientHello must come, 00:00:00.01 to 00:01:00. Default 00:00:05.")]
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Largest ClientHello, in bytes, 512 to 65,536. Default: 16,384.</summary>
    [Description("Largest ClientHello, in bytes, 512 to 65536. Default 16384.")]
    public int MaxHelloSize { get; set; } = 16_384;

    /// <summary>Reads the PROXY protocol header of trusted proxies in front; absent: none is read.</summary>
    [Description("Reads the PROXY protocol header of trusted proxies in front; absent: none is read.")]
    public AcceptProxyProtocolOptions? ProxyProtocol { get; set; }

    /// <summary>Networks that may connect, in CIDR form or single addresses. Empty: all.</summary>
    [Description("Networks that may connect, in CIDR form or single addresses. Empty: all.")]
    public string[] AllowedNetworks { get; set; } = [];

    /// <summary>Networks that may not connect, in CIDR form or single addresses; stronger than <see cref="AllowedNetworks"/>.</summary>
    [Description("Networks that may not connect, in CIDR form or single addresses; stronger than AllowedNetworks.")]
    public string[] DeniedNetworks { get; set; } = [];

    /// <summary>How often one source may connect; absent: no limit.</summary>
    [Description("How often one source may connect; absent: no limit.")]
    public ConnectionRateOptions? ConnectionRate { get; set; }

    /// <summary>TCP keep-alive probes; absent: none are sent.</summary>
    [Description("TCP keep-alive probes on both sides of a connection; absent: none are sent.")]
    public TcpKeepAliveOptions? KeepAlive { get; set; }

    /// <summary>Whether small segments are sent at once (no Nagle algorithm, RFC 9293 §3.7.4). Default: true.</summary>
    [Description("Whether small segments are sent at once (no Nagle algorithm). Default true.")]
    public bool NoDelay { get; set; } = true;

    /// <summary>Connections that the system holds until they are accepted, 1 to 65,535. Default: 1,024. Read when the listener opens.</summary>
    [Description("Connections that the system holds until they are accepted, 1 to 65535. Default 1024. Read when the listener opens.")]
    public int Backlog { get; set; } = 1_024;

    /// <summary>Whether other processes of the same user may listen on the same address, the kernel spreading connections over them (<c>SO_REUSEPORT</c>, Linux). Default: false. Read when the listener opens.</summary>
    [Description("Whether other processes of the same user may listen on the same address, the kernel spreading connections over them (SO_REUSEPORT, Linux). Default false. Read when the listener opens.")]
    public bool ReusePort { get; set; }

    /// <summary>The idle time-out in force: <see cref="IdleTimeout"/>, or the default of the protocol.</summary>
    [JsonIgnore]
    public TimeSpan IdleTimeoutOrDefault => IdleTimeout ?? (Protocol == Layer4Protocol.Udp ? TimeSpan.FromMinutes(1) : TimeSpan.FromMinutes(10));
}
