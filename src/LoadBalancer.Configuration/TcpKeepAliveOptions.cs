using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>TCP keep-alive probes (RFC 9293 §3.8.4) on both sides of a connection: they find a peer that is gone without a word.</summary>
public sealed record TcpKeepAliveOptions
{
    /// <summary>Time without traffic before the first probe, 1 s to 1 d. Default: 1 min.</summary>
    [Description("Time without traffic before the first probe, 00:00:01 to 1.00:00:00. Default 00:01:00.")]
    public TimeSpan Time { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Time between probes, 1 s to 1 h. Default: 10 s.</summary>
    [Description("Time between probes, 00:00:01 to 01:00:00. Default 00:00:10.")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Probes without an answer after which the connection is lost, 1 to 100. Default: 3.</summary>
    [Description("Probes without an answer after which the connection is lost, 1 to 100. Default 3.")]
    public int Count { get; set; } = 3;
}
