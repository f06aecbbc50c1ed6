using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>What can be configured of every listener of a Layer 7 load balancer, with TLS or without.</summary>
/// <typeparam name="TBuilder">The builder of the kind of listener.</typeparam>
public abstract class Layer7ListenerBuilder<TBuilder>
    where TBuilder : Layer7ListenerBuilder<TBuilder>
{
    private protected Layer7ListenerBuilder(Layer7ListenerOptions options)
    {
        Options = options;
    }

    internal Layer7ListenerOptions Options { get; private set; }

    /// <summary>
    /// Sets the HTTP versions that are spoken. Default: <see cref="HttpListenerProtocols.Http1"/>, over TLS
    /// <see cref="HttpListenerProtocols.Http1AndHttp2"/>.
    /// </summary>
    /// <param name="protocols">
    /// The versions. Without TLS one alone: <see cref="HttpListenerProtocols.Http2"/> is then spoken with prior knowledge
    /// (RFC 9113 §3.3), as gRPC clients do. <see cref="HttpListenerProtocols.Http1AndHttp2AndHttp3"/> adds HTTP/3 on the
    /// same UDP port, where the machine has QUIC.
    /// </param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="protocols"/> is none of the enumeration.</exception>
    /// <exception cref="ArgumentException"><paramref name="protocols"/> needs TLS, or HTTP/3 is asked for and the PROXY protocol too.</exception>
    public TBuilder WithProtocols(HttpListenerProtocols protocols)
    {
        Contract.CheckDefined(protocols, nameof(protocols));
        return With(Options with { Protocols = protocols }, nameof(protocols));
    }

    /// <summary>Reads the PROXY protocol header, version 1 or 2, of trusted proxies in front. Default: it is not looked for.</summary>
    /// <param name="trustedNetworks">Networks in CIDR form or single addresses, at least one, whose connections must start with a header; all others are clients.</param>
    /// <param name="timeout">Time in which the header must come, 10 ms to 1 min. Default: 3 s.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is not allowed, or the listener speaks HTTP/3, which has no place for the header.</exception>
    public TBuilder WithProxyProtocol(IReadOnlyList<string> trustedNetworks, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(trustedNetworks);
        var proxy = new AcceptProxyProtocolOptions { TrustedNetworks = [.. trustedNetworks] };
        With(Options with { ProxyProtocol = proxy }, nameof(trustedNetworks));
        return With(Options with { ProxyProtocol = proxy with { Timeout = timeout ?? proxy.Timeout } }, nameof(timeout));
    }

    private protected TBuilder With(Layer7ListenerOptions options, string argument)
    {
        Contract.Check(options, argument);
        Options = options;
        return (TBuilder)this;
    }
}
