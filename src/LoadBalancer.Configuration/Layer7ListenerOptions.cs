using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>An HTTP listener. Every route is served on every Layer 7 listener.</summary>
public sealed record Layer7ListenerOptions
{
    /// <summary>Where clients connect: an IP address, <c>localhost</c> (both loopbacks) or <c>*</c> (all), and a port.</summary>
    [Description("Where clients connect: IP address, localhost (both loopbacks) or * (all), and a port 0-65535 (0 takes a free one, not with localhost).")]
    public string? Address { get; set; }

    /// <summary>The HTTP version. Default: <see cref="HttpListenerProtocols.Http1"/>.</summary>
    [Description("Http1 (with WebSocket), or Http2 with prior knowledge. Default Http1.")]
    public HttpListenerProtocols Protocols { get; set; } = HttpListenerProtocols.Http1;
}
