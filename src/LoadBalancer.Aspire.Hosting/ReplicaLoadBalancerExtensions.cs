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
    /// <param name="builder">The resource's builder, with at least one endpoint.</param>
    /// <param name="configure">Chooses layer, policy, affinity and more.</param>
    /// <returns>The resource's builder.</returns>
    /// <remarks>
    /// Endpoints of the schemes <c>http</c> and <c>https</c> get a Layer 7 balancer, <c>&lt;resource&gt;-lb</c>, which
    /// spreads requests. For <c>https</c> it ends TLS with the certificate of the resource or the developer's, and speaks
    /// TLS to the replicas again. All other endpoints get a Layer 4 balancer, which spreads connections. A balancer has a
    /// listener for each endpoint, of the same name. An endpoint that is added later gets one too, where there is a
    /// balancer of its layer by then; else a warning in the resource's log says that it has none.
    /// What waits for the resource waits for its balancers too.
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
    [AspireExport(RunSyncOnBackgroundThread = true)]
    public static IResourceBuilder<T> WithLoadBalancer<T>(this IResourceBuilder<T> builder, Action<ReplicaLoadBalancerBuilder>? configure = null)
        where T : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        var resource = builder.Resource;
        if (resource is LoadBalancerResource)
        {
            throw new ArgumentException($"'{resource.Name}' is a load balancer itself.", nameof(builder));
        }

        if (resource.Annotations.OfType<ReplicaLoadBalancer>().Any())
        {
            throw new ArgumentException($"'{resource.Name}' has a load balancer already.", nameof(builder));
        }

        var options = new ReplicaLoadBalancerBuilder();
        configure?.Invoke(options);
        if (!resource.Annotations.OfType<EndpointAnnotation>().Any())
        {
            throw new ArgumentException($"'{resource.Name}' has no endpoint; a load balancer needs at least one, added before it.", nameof(builder));
        }

        var balancer = new ReplicaLoadBalancer(builder.ApplicationBuilder.CreateResourceBuilder<IResourceWithEndpoints>(resource), options);
        balancer.Create();
        return builder.WithAnnotation(balancer);
    }
}
