using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Adds Layer 4 load balancers to an AppHost.</summary>
public static class Layer4LoadBalancerBuilderExtensions
{
    /// <summary>Adds a Layer 4 load balancer: a process that relays TCP connections and UDP datagrams to the replicas of resources.</summary>
    /// <param name="builder">The AppHost's builder.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="adminPort">Port of the admin endpoint on loopback, 1 to 65535; <see langword="null"/> for a free one.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a resource name.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="adminPort"/> is not a port.</exception>
    /// <example>
    /// <code lang="csharp">
    /// var echo = builder.AddProject&lt;Projects.Echo&gt;("echo").WithEndpoint(name: "tcp", scheme: "tcp", env: "ECHO_TCP_PORT").WithReplicas(3);
    /// builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, echo.GetEndpoint("tcp"));
    /// </code>
    /// </example>
    [AspireExport]
    public static IResourceBuilder<Layer4LoadBalancerResource> AddLayer4LoadBalancer(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        int? adminPort = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        Contract.CheckPort(adminPort, nameof(adminPort));

        return builder.AddLoadBalancer(new Layer4LoadBalancerResource(name), adminPort, "ArrowSplit");
    }

    /// <summary>Adds a listener whose TCP connections are spread over the replicas behind an endpoint.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint.</param>
    /// <param name="port">Where clients connect, 1 to 65535; <see langword="null"/> for a free port.</param>
    /// <param name="backend">The endpoint that gets the connections, of any scheme over TCP; with TLS routes, those that no route takes.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is not an endpoint name or is taken, <paramref name="backend"/> is not a TCP endpoint of another resource,
    /// or <paramref name="configure"/> sets what cannot be together.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    [AspireExportIgnore(Reason = "Other languages take the port, which may be left out, last.")]
    public static IResourceBuilder<Layer4LoadBalancerResource> WithTcpListener(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        [EndpointName] string name,
        int? port,
        EndpointReference backend,
        Action<Layer4TcpListenerBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return builder.AddListener(name, port, backend, new Layer4TcpListenerBuilder(), configure);
    }

    /// <summary>Adds a listener whose TLS connections go where its TLS routes say; those that no route takes are closed.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint.</param>
    /// <param name="port">Where clients connect, 1 to 65535; <see langword="null"/> for a free port.</param>
    /// <param name="configure">Adds the routes, at least one.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is not an endpoint name or is taken, or <paramref name="configure"/> adds no route or sets what cannot be together.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    [AspireExportIgnore(Reason = "Other languages take the port, which may be left out, last.")]
    public static IResourceBuilder<Layer4LoadBalancerResource> WithTcpListener(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        [EndpointName] string name,
        int? port,
        Action<Layer4TcpListenerBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return builder.AddListener(name, port, null, new Layer4TcpListenerBuilder(), configure);
    }

    /// <summary>Adds a listener whose UDP sessions are spread over the replicas behind an endpoint.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint.</param>
    /// <param name="port">Where clients send to, 1 to 65535; <see langword="null"/> for a free port.</param>
    /// <param name="backend">The endpoint that gets the datagrams, of any scheme over UDP.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is not an endpoint name or is taken, <paramref name="backend"/> is not a UDP endpoint of another resource,
    /// or <paramref name="configure"/> sets what cannot be together.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    /// <example>
    /// <code lang="csharp">
    /// var dns = builder.AddProject&lt;Projects.Dns&gt;("dns").WithEndpoint(name: "udp", scheme: "udp", env: "DNS_PORT", protocol: ProtocolType.Udp).WithReplicas(2);
    /// builder.AddLayer4LoadBalancer("wire").WithUdpListener("dns", 5353, dns.GetEndpoint("udp"), l => l.WithMaxReplies(1));
    /// </code>
    /// </example>
    [AspireExportIgnore(Reason = "Other languages take the port, which may be left out, last.")]
    public static IResourceBuilder<Layer4LoadBalancerResource> WithUdpListener(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        [EndpointName] string name,
        int? port,
        EndpointReference backend,
        Action<Layer4UdpListenerBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return builder.AddListener(name, port, backend, new Layer4UdpListenerBuilder(), configure);
    }

    /// <summary>Gets the endpoint where clients of a listener connect.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="ArgumentException">There is no such listener.</exception>
    [AspireExport]
    public static EndpointReference GetListener(this IResourceBuilder<Layer4LoadBalancerResource> builder, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        var listeners = builder.Resource.Listeners;
        return listeners.ContainsKey(name)
            ? builder.GetEndpoint(name)
            : throw new ArgumentException($"'{builder.Resource.Name}' has no listener '{name}'; it has {(listeners.Count == 0 ? "none" : string.Join(", ", listeners.Keys.Select(key => $"'{key}'")))}.", nameof(name));
    }

    /// <summary>Adds a listener whose TCP connections are spread over the replicas behind an endpoint.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint.</param>
    /// <param name="backend">The endpoint that gets the connections, of any scheme over TCP; with TLS routes, those that no route takes.</param>
    /// <param name="port">Where clients connect, 1 to 65535. Default: a free port.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    [AspireExport("withTcpListener", RunSyncOnBackgroundThread = true)]
    internal static IResourceBuilder<Layer4LoadBalancerResource> ListenOnTcp(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        [EndpointName] string name,
        EndpointReference backend,
        int? port = null,
        Action<Layer4TcpListenerBuilder>? configure = null) => builder.WithTcpListener(name, port, backend, configure);

    /// <summary>Adds a listener whose TLS connections go where its TLS routes say; those that no route takes are closed.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint.</param>
    /// <param name="configure">Adds the routes, at least one.</param>
    /// <param name="port">Where clients connect, 1 to 65535. Default: a free port.</param>
    /// <returns>The load balancer's builder.</returns>
    [AspireExport("withTlsListener", RunSyncOnBackgroundThread = true)]
    internal static IResourceBuilder<Layer4LoadBalancerResource> ListenOnTls(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        [EndpointName] string name,
        Action<Layer4TcpListenerBuilder> configure,
        int? port = null) => builder.WithTcpListener(name, port, configure);

    /// <summary>Adds a listener whose UDP sessions are spread over the replicas behind an endpoint.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint.</param>
    /// <param name="backend">The endpoint that gets the datagrams, of any scheme over UDP.</param>
    /// <param name="port">Where clients send to, 1 to 65535. Default: a free port.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    [AspireExport("withUdpListener", RunSyncOnBackgroundThread = true)]
    internal static IResourceBuilder<Layer4LoadBalancerResource> ListenOnUdp(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        [EndpointName] string name,
        EndpointReference backend,
        int? port = null,
        Action<Layer4UdpListenerBuilder>? configure = null) => builder.WithUdpListener(name, port, backend, configure);

    private static IResourceBuilder<Layer4LoadBalancerResource> AddListener<TListener>(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        string name,
        int? port,
        EndpointReference? backend,
        TListener listener,
        Action<TListener>? configure)
        where TListener : Layer4ListenerBuilder<TListener>
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        Contract.CheckPort(port, nameof(port));
        var balancer = builder.Resource;
        if (balancer.Annotations.OfType<EndpointAnnotation>().Any(endpoint => endpoint.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"'{balancer.Name}' has an endpoint '{name}' already; a listener must have a name of its own.", nameof(name));
        }

        configure?.Invoke(listener);
        var options = listener.Options;
        if (backend is null && options.TlsRoutes.Count == 0)
        {
            throw new ArgumentException($"The listener '{name}' has neither a backend nor a TLS route; must have one.", nameof(configure));
        }

        var protocol = options.Protocol == Layer4Protocol.Udp ? ProtocolType.Udp : ProtocolType.Tcp;
        var pool = backend is null ? null : builder.AddBackend(backend, protocol, nameof(backend)).Name;
        var routes = new Dictionary<string, TlsRouteOptions>(StringComparer.OrdinalIgnoreCase);
        foreach (var (route, target) in listener.RouteBackends)
        {
            routes.Add(route, options.TlsRoutes[route] with { Pool = builder.AddBackend(target, protocol, nameof(configure)).Name });
        }

        builder.WithListener(name, protocol == ProtocolType.Udp ? "udp" : "tcp", port, $"LoadBalancer__Layer4__Listeners__{name}__Address", protocol)
            .WithUrlForEndpoint(name, url => url.DisplayText = $"{name} {url.Url}");
        balancer.Listeners.Add(name, options with { Pool = pool, TlsRoutes = routes });
        Contract.Check(balancer, nameof(configure));
        return builder;
    }
}
