using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>What backends are told of the client, and whose word on clients is taken.</summary>
public sealed record ForwardedHeadersOptions
{
    /// <summary>The headers. Default: <see cref="ForwardedHeadersMode.XForwarded"/>.</summary>
    [Description("Headers that tell backends of the client: XForwarded, Forwarded (RFC 7239), Both or None. Default XForwarded.")]
    public ForwardedHeadersMode Mode { get; set; } = ForwardedHeadersMode.XForwarded;

    /// <summary>
    /// Networks of proxies in front, whose headers are believed and added to. What all others send under these names
    /// is dropped. Default: none.
    /// </summary>
    [Description("Networks (CIDR or single addresses) of proxies in front, whose forwarded headers are believed and added to; those of all others are dropped.")]
    public string[] TrustedNetworks { get; set; } = [];
}
