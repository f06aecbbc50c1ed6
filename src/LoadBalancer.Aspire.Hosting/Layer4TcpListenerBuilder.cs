using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures a TCP listener of a Layer 4 load balancer.</summary>
[AspireExport(ExposeMethods = true)]
public sealed class Layer4TcpListenerBuilder : Layer4ListenerBuilder<Layer4TcpListenerBuilder>
{
    internal Layer4TcpListenerBuilder()
        : base(Layer4Protocol.Tcp)
    {
    }

    /// <summary>Sets the time in which a replica must accept a connection before another one is tried. Default: 5 s.</summary>
    /// <param name="timeout">10 ms to 5 min.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is out of range.</exception>
    public Layer4TcpListenerBuilder WithConnectTimeout(TimeSpan timeout) => With(Options with { ConnectTimeout = timeout }, nameof(timeout));

    /// <summary>Sets how many replicas are tried for one connection before it is reset. Default: 3.</summary>
    /// <param name="attempts">1 to 16.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="attempts"/> is out of range.</exception>
    public Layer4TcpListenerBuilder WithConnectAttempts(int attempts) => With(Options with { ConnectAttempts = attempts }, nameof(attempts));

    /// <summary>Limits the connections that are open at a time; more of them wait. Default: no limit.</summary>
    /// <param name="max">Most connections at a time, 1 to 1,000,000.</param>
    /// <param name="queueLength">Connections that may wait, 0 to 1,000,000; 0 refuses at once. Default: 1,000.</param>
    /// <param name="queueTimeout">Time after which a connection that waits is refused, 1 ms to 10 min. Default: 5 s.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range, or the listener uses NAT.</exception>
    public Layer4TcpListenerBuilder WithMaxConnections(int max, int? queueLength = null, TimeSpan? queueTimeout = null)
    {
        With(Options with { MaxConnections = max }, nameof(max));
        With(Options with { QueueLength = queueLength ?? Options.QueueLength }, nameof(queueLength));
        return With(Options with { QueueTimeout = queueTimeout ?? Options.QueueTimeout }, nameof(queueTimeout));
    }

    /// <summary>
    /// Sends TLS connections to an endpoint by what their ClientHello says, before anything is encrypted; the
    /// certificate is the replica's own. An exact name comes before a suffix, a longer suffix before a shorter one; among
    /// routes that match the name alike, one that also names a protocol of the client comes first. Connections that no
    /// route takes go to the listener's backend or, where it has none, are closed. Default: no bytes are looked at.
    /// </summary>
    /// <param name="name">The route's name in the configuration: ASCII letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, unique in the listener.</param>
    /// <param name="backend">The TCP endpoint that gets the connections.</param>
    /// <param name="serverNames">Server names (SNI), exact or <c>*.suffix</c>, of which one must match. Default: any name, also none.</param>
    /// <param name="protocols">Application protocols (ALPN) such as <c>h2</c>, of which the client must offer one. Default: any, also none.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is not a name or is taken, a server name or protocol is not one, or the listener uses NAT.
    /// </exception>
    /// <example>
    /// <code lang="csharp">
    /// wire.WithTcpListener("tls", 7443, l => l
    ///     .WithTlsRoute("shop", shop.GetEndpoint("https"), serverNames: ["shop.localhost"])
    ///     .WithTlsRoute("api", api.GetEndpoint("https"), serverNames: ["*.api.localhost"], protocols: ["h2"]));
    /// </code>
    /// </example>
    public Layer4TcpListenerBuilder WithTlsRoute(string name, EndpointReference backend, string[]? serverNames = null, string[]? protocols = null)
    {
        Contract.CheckName(name, "a TLS route", nameof(name));
        ArgumentNullException.ThrowIfNull(backend);
        if (RouteBackends.ContainsKey(name))
        {
            throw new ArgumentException($"The listener has a TLS route '{name}' already; a route must have a name of its own.", nameof(name));
        }

        With(Options with { TlsRoutes = Added(name, new() { ServerNames = serverNames ?? [] }) }, nameof(serverNames));
        With(Options with { TlsRoutes = Added(name, new() { ServerNames = serverNames ?? [], Protocols = protocols ?? [] }) }, nameof(protocols));
        RouteBackends.Add(name, backend);
        return this;
    }

    /// <summary>Sets the time in which a whole ClientHello must come; without TLS routes none is awaited. Default: 5 s.</summary>
    /// <param name="timeout">10 ms to 1 min.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is out of range.</exception>
    public Layer4TcpListenerBuilder WithHelloTimeout(TimeSpan timeout) => With(Options with { HelloTimeout = timeout }, nameof(timeout));

    /// <summary>Sets the size of the largest ClientHello. Default: 16,384 bytes.</summary>
    /// <param name="bytes">512 to 65,536.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is out of range.</exception>
    public Layer4TcpListenerBuilder WithMaxHelloSize(int bytes) => With(Options with { MaxHelloSize = bytes }, nameof(bytes));

    /// <summary>
    /// Takes the client's address from the PROXY protocol header, version 1 or 2, that a proxy in front sends.
    /// Default: no header is read.
    /// </summary>
    /// <param name="trustedNetworks">
    /// Networks (CIDR or single addresses) whose connections must start with a header; all others are clients whose bytes are not looked at.
    /// </param>
    /// <param name="timeout">Time in which the header must come, 10 ms to 1 min. Default: 3 s.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">
    /// One of <paramref name="trustedNetworks"/> is not a network or there is none, <paramref name="timeout"/> is out of range, or the listener uses NAT.
    /// </exception>
    /// <remarks>To send such a header to the replicas, see <see cref="BackendPoolBuilder.WithProxyProtocol"/>.</remarks>
    public Layer4TcpListenerBuilder WithProxyProtocol(string[] trustedNetworks, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(trustedNetworks);
        var accept = new AcceptProxyProtocolOptions { TrustedNetworks = [.. trustedNetworks] };
        With(Options with { ProxyProtocol = accept }, nameof(trustedNetworks));
        return With(Options with { ProxyProtocol = accept with { Timeout = timeout ?? accept.Timeout } }, nameof(timeout));
    }

    /// <summary>Sends TCP keep-alive probes (RFC 9293 §3.8.4) on both sides of a connection. Default: none are sent.</summary>
    /// <param name="time">Time without traffic before the first probe, 1 s to 1 d. Default: 1 min.</param>
    /// <param name="interval">Time between probes, 1 s to 1 h. Default: 10 s.</param>
    /// <param name="count">Probes without an answer after which the connection is lost, 1 to 100. Default: 3.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range, or the listener uses NAT.</exception>
    public Layer4TcpListenerBuilder WithKeepAlive(TimeSpan? time = null, TimeSpan? interval = null, int? count = null)
    {
        var keepAlive = new TcpKeepAliveOptions();
        keepAlive = keepAlive with { Time = time ?? keepAlive.Time };
        With(Options with { KeepAlive = keepAlive }, nameof(time));
        keepAlive = keepAlive with { Interval = interval ?? keepAlive.Interval };
        With(Options with { KeepAlive = keepAlive }, nameof(interval));
        return With(Options with { KeepAlive = keepAlive with { Count = count ?? keepAlive.Count } }, nameof(count));
    }

    /// <summary>Sets whether small segments are sent at once (no Nagle algorithm, RFC 9293 §3.7.4). Default: they are.</summary>
    /// <param name="noDelay">Whether they are.</param>
    /// <returns>This builder.</returns>
    public Layer4TcpListenerBuilder WithNoDelay(bool noDelay) => With(Options with { NoDelay = noDelay }, nameof(noDelay));

    /// <summary>Sets how many connections the system holds until they are accepted. Default: 1,024.</summary>
    /// <param name="backlog">1 to 65,535.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="backlog"/> is out of range.</exception>
    public Layer4TcpListenerBuilder WithBacklog(int backlog) => With(Options with { Backlog = backlog }, nameof(backlog));

    private Dictionary<string, TlsRouteOptions> Added(string name, TlsRouteOptions route) =>
        new(Options.TlsRoutes, StringComparer.OrdinalIgnoreCase) { [name] = route };
}
