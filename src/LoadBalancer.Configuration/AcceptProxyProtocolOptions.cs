using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Takes the client's address from the PROXY protocol header, version 1 or 2, that a proxy in front sends.</summary>
public sealed record AcceptProxyProtocolOptions
{
    /// <summary>
    /// Networks whose connections must start with a header, such as <c>10.0.0.0/8</c> or <c>::1</c>. All others are
    /// taken as what they are: clients, whose bytes are not looked at, since anybody can write a header.
    /// </summary>
    [Description("Networks (CIDR or single addresses) whose connections must start with a header. All others are clients whose bytes are not looked at. Must be given.")]
    public string[] TrustedNetworks { get; set; } = [];

    /// <summary>Time in which the header must come, 10 ms to 1 min. Default: 3 s.</summary>
    [Description("Time in which the header must come, 00:00:00.01 to 00:01:00. Default 00:00:03.")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);
}
