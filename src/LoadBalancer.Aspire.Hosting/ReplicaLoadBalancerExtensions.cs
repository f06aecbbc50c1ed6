using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting;

/// <summary>Puts a load balancer in front of a resource that others reference already.</summary>
public static class ReplicaLoadBalancerExtensions
{
    /// <summary>
    /// Puts a load balancer between this resource's replicas and everything that references the resource: who gets
    /// its address, by <c>WithReference</c> or as an endpoint in an environment variable or argument, gets the
    /// balancer's instead. Nothing else changes for them.
    /// </summary>
    /// <typeparam name="T">The resource.</typeparam>
    /// <param name="builder">The resource's builder; its endpoints must have been added.</param>
    /// <param name="configure">Chooses layer, policy, affinity and more.</param>
    /// <returns>The resource's builder.</returns>
    /// <remarks>
    /// An endpoint of the scheme <c>http</c> gets a Layer 7 balancer, <c>&lt;resource&gt;-lb</c>, which spreads requests;
    /// all others get a listener of a Layer 4 balancer, which spreads connections, and leaves TLS to the replicas.
    /// What is published has the balancer as a container, and references lead to it there as well, unless
    /// <see cref="ReplicaLoadBalancerBuilder.WithoutPublishing"/> is asked for.
    /// </remarks>
    /// <exception cref="ArgumentException">The resource has no endpoint yet, or a load balancer already.</exception>
    /// <example>
    /// <code lang="csharp">
    /// var catalog = builder.AddProject&lt;Projects.Catalog&gt;("catalog").WithReplicas(3).WithLoadBalancer();
    /// builder.AddProject&lt;Projects.Shop&gt;("shop").WithReference(catalog);
    /// </code>
    /// </example>
    public static IResourceBuilder<T> WithLoadBalancer<T>(this IResourceBuilder<T> builder, Action<ReplicaLoadBalancerBuilder>? configure = null)
        where T : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        var resource = builder.Resource;
        if (resource is LoadBalancerResource)
        {
            throw new ArgumentException($"'{resource.Name}' is a load balancer itself.", nameof(builder));
        }

        if (resource.Annotations.OfType<LoadBalancedEndpointAnnotation>().Any())
        {
            throw new ArgumentException($"'{resource.Name}' has a load balancer already.", nameof(builder));
        }

        var options = new ReplicaLoadBalancerBuilder();
        configure?.Invoke(options);
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        if (endpoints.Length == 0)
        {
            throw new ArgumentException($"'{resource.Name}' has no endpoint; a load balancer needs at least one, added before it.", nameof(builder));
        }

        var requests = endpoints.Where(endpoint => !options.IsLayer4 && endpoint.UriScheme == "http").ToArray();
        foreach (var endpoint in requests)
        {
            builder.AddLayer7(endpoint, requests.Length == 1 ? $"{resource.Name}-lb" : $"{resource.Name}-lb-{endpoint.Name}", options);
        }

        if (requests.Length < endpoints.Length)
        {
            builder.AddLayer4([.. endpoints.Except(requests)], requests.Length == 0 ? $"{resource.Name}-lb" : $"{resource.Name}-lb-l4", options);
        }

        return builder;
    }

    private static void AddLayer7<T>(this IResourceBuilder<T> builder, EndpointAnnotation endpoint, string name, ReplicaLoadBalancerBuilder options)
        where T : IResourceWithEndpoints
    {
        var backend = builder.GetEndpoint(endpoint.Name);
        var balancer = builder.ApplicationBuilder.AddLayer7LoadBalancer(name, adminPort: options.TakeAdminPort())
            .WithRoute("/{**path}", backend, options.Configure)
            .Below(builder, options);
        balancer.WithPoolOf(backend, options);
        builder.WithBalanced(endpoint, balancer.Resource.HttpEndpoint, options);
    }

    private static void AddLayer4<T>(this IResourceBuilder<T> builder, EndpointAnnotation[] endpoints, string name, ReplicaLoadBalancerBuilder options)
        where T : IResourceWithEndpoints
    {
        var balancer = builder.ApplicationBuilder.AddLayer4LoadBalancer(name, options.TakeAdminPort()).Below(builder, options);
        foreach (var endpoint in endpoints)
        {
            var backend = builder.GetEndpoint(endpoint.Name);
            if (endpoint.Protocol == ProtocolType.Udp)
            {
                balancer.WithUdpListener(endpoint.Name, null, backend, options.Configure);
            }
            else
            {
                balancer.WithTcpListener(endpoint.Name, null, backend, options.Configure);
            }

            // Whoever reads the address finds the scheme that they know.
            balancer.WithEndpoint(endpoint.Name, listener =>
            {
                listener.UriScheme = endpoint.UriScheme;
                listener.Transport = endpoint.Transport;
            });
            balancer.WithPoolOf(backend, options);
            builder.WithBalanced(endpoint, balancer.GetListener(endpoint.Name), options);
        }
    }

    private static void WithBalanced<T>(this IResourceBuilder<T> builder, EndpointAnnotation endpoint, EndpointReference balancer, ReplicaLoadBalancerBuilder options)
        where T : IResourceWithEndpoints
    {
        if (options.IsPublished || builder.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            builder.WithAnnotation(new LoadBalancedEndpointAnnotation(endpoint.Name, balancer));
        }
    }

    private static void WithPoolOf<T>(this IResourceBuilder<T> balancer, EndpointReference backend, ReplicaLoadBalancerBuilder options)
        where T : LoadBalancerResource
    {
        if (options.Pool is { } configure)
        {
            balancer.WithPool(backend, configure);
        }
    }

    private static IResourceBuilder<TBalancer> Below<TBalancer, T>(this IResourceBuilder<TBalancer> balancer, IResourceBuilder<T> resource, ReplicaLoadBalancerBuilder options)
        where TBalancer : LoadBalancerResource
        where T : IResourceWithEndpoints
    {
        balancer.WithParentRelationship(resource.Resource);
        return options.IsPublished ? balancer : balancer.ExcludeFromManifest();
    }
}
