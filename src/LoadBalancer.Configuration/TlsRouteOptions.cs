using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// A pool for TLS connections, chosen by what the ClientHello says before anything is encrypted. The certificate is
/// the backend's own. An exact name comes before a suffix, a longer suffix before a shorter one; among routes that
/// match the name alike, one that also names a protocol of the client comes first.
/// </summary>
public sealed record TlsRouteOptions
{
    /// <summary>Server names (SNI): exact, or <c>*.suffix</c> for every name below a domain; one must match. Empty: any name, also none.</summary>
    [Description("Server names (SNI): exact, or *.suffix for every name below a domain; one must match. Empty: any name, also none.")]
    public string[] ServerNames { get; set; } = [];

    /// <summary>Application protocols (ALPN) such as <c>h2</c>; the client must offer one. Empty: any, also none.</summary>
    [Description("Application protocols (ALPN) such as h2; the client must offer one. Empty: any, also none.")]
    public string[] Protocols { get; set; } = [];

    /// <summary>The pool that gets the connections.</summary>
    [Description("Pool that gets the connections. Must be given.")]
    public string? Pool { get; set; }
}
