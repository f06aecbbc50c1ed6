using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting;

/// <summary>Publishes load balancers as resources of the Kubernetes Gateway API.</summary>
public static class GatewayApiBuilderExtensions
{
    /// <summary>
    /// Publishes the load balancer as a Gateway with its routes, so that an implementation of the Kubernetes Gateway API
    /// balances in the cluster, in place of a container of ours. The pipeline's step <c>gateway-api</c>, which
    /// <c>aspire publish</c> runs, writes <c>gateway-api/&lt;name&gt;.yaml</c> into the output folder. What the standard
    /// has no place for is a comment there and a warning in the log. No effect on a run.
    /// </summary>
    /// <typeparam name="T">The load balancer.</typeparam>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="gatewayClass">Name of the GatewayClass that the cluster has, such as <c>eg</c> of Envoy Gateway or <c>cilium</c>.</param>
    /// <param name="configure">Changes the defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <remarks>
    /// Who references the load balancer is given the parameter <c>&lt;name&gt;-gateway-host</c> as its host: only the
    /// cluster knows the address of a Gateway.
    /// </remarks>
    /// <exception cref="ArgumentException"><paramref name="gatewayClass"/> is not the name of a GatewayClass.</exception>
    /// <example>
    /// <code lang="csharp">
    /// builder.AddLayer7LoadBalancer("edge", port: 80)
    ///     .WithRoute("/{**rest}", catalog)
    ///     .PublishAsGatewayApi("eg");
    /// </code>
    /// </example>
    [AspireExport(RunSyncOnBackgroundThread = true)]
    public static IResourceBuilder<T> PublishAsGatewayApi<T>(this IResourceBuilder<T> builder, string gatewayClass, Action<GatewayApiBuilder>? configure = null)
        where T : LoadBalancerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        GatewayApiBuilder.CheckName(gatewayClass, "a GatewayClass", nameof(gatewayClass));
        var gateway = new GatewayApiBuilder(builder.Resource, new(gatewayClass, builder.Resource.Name));
        configure?.Invoke(gateway);
        return builder.AsPublishedGateway(gateway.Options);
    }
}
