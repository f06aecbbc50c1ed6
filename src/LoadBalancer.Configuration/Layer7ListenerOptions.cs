using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>An HTTP listener. It serves every route whose <c>Listeners</c> names it, or that has none.</summary>
public sealed record Layer7ListenerOptions
{
    /// <summary>Where clients connect: an IP address, <c>localhost</c> (both loopbacks) or <c>*</c> (all), and a port.</summary>
    [Description("Where clients connect: IP address, localhost (both loopbacks) or * (all), and a port 0-65535 (0 takes a free one, not with localhost). Must be given.")]
    public string? Address { get; set; }

    /// <summary>The HTTP versions. Default: <see cref="HttpListenerProtocols.Http1"/>, with <see cref="Tls"/> <see cref="HttpListenerProtocols.Http1AndHttp2"/>.</summary>
    [Description("Http1 (with WebSocket), Http2 (over Tls, or in clear text with prior knowledge), Http1AndHttp2 or Http1AndHttp2AndHttp3 (both need Tls; Http3 also QUIC on the machine). Default: Http1, with Tls Http1AndHttp2.")]
    public HttpListenerProtocols? Protocols { get; set; }

    /// <summary>Ends TLS here; absent means clear text.</summary>
    [Description("Ends TLS here, {} with the developer certificate; absent: clear text.")]
    public TlsTerminationOptions? Tls { get; set; }

    /// <summary>Sends every request to the listener with TLS; absent means that requests are served.</summary>
    [Description("Sends every request to the listener with Tls (308); absent: requests are served.")]
    public HttpsRedirectOptions? RedirectToHttps { get; set; }

    /// <summary>Reads the PROXY protocol header of trusted proxies in front; absent means that it is not looked for.</summary>
    [Description("Reads the PROXY protocol header of trusted proxies in front; absent: not looked for.")]
    public AcceptProxyProtocolOptions? ProxyProtocol { get; set; }

    /// <summary>The HTTP versions that the listener speaks: those given, or the default.</summary>
    /// <returns>The versions.</returns>
    public HttpListenerProtocols ProtocolsOrDefault() => Protocols ?? (Tls is null ? HttpListenerProtocols.Http1 : HttpListenerProtocols.Http1AndHttp2);
}
