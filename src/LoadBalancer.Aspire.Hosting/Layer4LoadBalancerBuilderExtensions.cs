using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting;

/// <summary>Adds Layer 4 load balancers to an AppHost.</summary>
public static class Layer4LoadBalancerBuilderExtensions
{
    /// <summary>Adds a Layer 4 load balancer: a process that relays TCP connections to the replicas of resources.</summary>
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
    /// <param name="backend">The endpoint that gets the connections, of any scheme over TCP.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is not an endpoint name or is taken, or <paramref name="backend"/> is not a TCP endpoint of another resource.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    public static IResourceBuilder<Layer4LoadBalancerResource> WithTcpListener(
        this IResourceBuilder<Layer4LoadBalancerResource> builder,
        [EndpointName] string name,
        int? port,
        EndpointReference backend,
        Action<Layer4ListenerBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(backend);
        Contract.CheckPort(port, nameof(port));
        var balancer = builder.Resource;
        if (balancer.Annotations.OfType<EndpointAnnotation>().Any(endpoint => endpoint.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"'{balancer.Name}' has an endpoint '{name}' already; a listener must have a name of its own.", nameof(name));
        }

        var listener = new Layer4ListenerBuilder();
        configure?.Invoke(listener);
        var pool = builder.AddBackend(backend, nameof(backend));
        builder.WithListener(name, "tcp", port, $"LoadBalancer__Layer4__Listeners__{name}__Address")
            .WithUrlForEndpoint(name, url => url.DisplayText = $"{name} {url.Url}");
        balancer.Listeners.Add(name, listener.Options with { Pool = pool.Name });
        return builder;
    }

    /// <summary>Gets the endpoint where clients of a listener connect.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="ArgumentException">There is no such listener.</exception>
    public static EndpointReference GetListener(this IResourceBuilder<Layer4LoadBalancerResource> builder, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        var listeners = builder.Resource.Listeners;
        return listeners.ContainsKey(name)
            ? builder.GetEndpoint(name)
            : throw new ArgumentException($"'{builder.Resource.Name}' has no listener '{name}'; it has {(listeners.Count == 0 ? "none" : string.Join(", ", listeners.Keys.Select(key => $"'{key}'")))}.", nameof(name));
    }
}
