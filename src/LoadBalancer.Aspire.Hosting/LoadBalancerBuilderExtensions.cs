using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures load balancers of both layers.</summary>
public static class LoadBalancerBuilderExtensions
{
    /// <summary>
    /// Sets the options of the pool behind an endpoint: health checks, limits, weights and more, for all listeners and
    /// routes of this balancer that lead to it. May be called once an endpoint, before them or after.
    /// </summary>
    /// <typeparam name="T">The load balancer.</typeparam>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="backend">The endpoint.</param>
    /// <param name="configure">Changes the pool's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="backend"/> cannot be a backend of this balancer, its pool has options already, or
    /// <paramref name="configure"/> sets what the balancer or a listener cannot do.
    /// </exception>
    /// <example>
    /// <code lang="csharp">
    /// builder.AddLayer4LoadBalancer("wire")
    ///     .WithTcpListener("echo", 7000, echo.GetEndpoint("tcp"))
    ///     .WithPool(echo.GetEndpoint("tcp"), p => p.WithMaxConnectionsPerReplica(100).WithSlowStart(TimeSpan.FromSeconds(30)));
    /// </code>
    /// </example>
    [AspireExport(RunSyncOnBackgroundThread = true)]
    public static IResourceBuilder<T> WithPool<T>(this IResourceBuilder<T> builder, EndpointReference backend, Action<BackendPoolBuilder> configure)
        where T : LoadBalancerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(configure);

        builder.Configure(builder.AddBackend(backend, null, nameof(backend)), configure, nameof(backend), nameof(configure));
        return builder;
    }

    /// <summary>
    /// Sets the bearer token that commands to the admin endpoint need. Default: 32 letters and digits, new for each run,
    /// unless the configuration has <c>Parameters:&lt;name&gt;-admin-token</c>.
    /// </summary>
    /// <typeparam name="T">The load balancer.</typeparam>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="token">A secret of 16 to 256 printable ASCII characters without spaces; with another one the balancer does not start.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="token"/> is not a secret, so that the dashboard would show it.</exception>
    [AspireExport("withLoadBalancerAdminToken", MethodName = "withAdminToken")]
    public static IResourceBuilder<T> WithAdminToken<T>(this IResourceBuilder<T> builder, IResourceBuilder<ParameterResource> token)
        where T : LoadBalancerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        Contract.CheckSecret(token, nameof(token));
        builder.Resource.AdminTokenParameter = token.Resource;
        return builder;
    }

    /// <summary>
    /// Sets the time that open connections and requests get to end by themselves when the balancer is stopped.
    /// Default: 5 s.
    /// </summary>
    /// <typeparam name="T">The load balancer.</typeparam>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="timeout">0 to 1 h. The orchestrator ends a process that takes long to stop, after about 10 s, whatever this says.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<T> WithDrainTimeout<T>(this IResourceBuilder<T> builder, TimeSpan timeout)
        where T : LoadBalancerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        Contract.Check(new LoadBalancerOptions { DrainTimeout = timeout }, nameof(timeout));
        builder.Resource.DrainTimeout = timeout;
        return builder;
    }

    /// <summary>
    /// Lets <c>/metrics</c> of the admin endpoint answer with the balancer's metrics in Prometheus' text format. They are in
    /// the dashboard without it. Default: off.
    /// </summary>
    /// <typeparam name="T">The load balancer.</typeparam>
    /// <param name="builder">The load balancer's builder.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <example>
    /// <code lang="csharp">
    /// builder.AddLayer7LoadBalancer("edge", 8080)
    ///     .WithRoute("/{**rest}", catalog)
    ///     .WithPrometheusMetrics();
    /// </code>
    /// </example>
    [AspireExport]
    public static IResourceBuilder<T> WithPrometheusMetrics<T>(this IResourceBuilder<T> builder)
        where T : LoadBalancerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Resource.HasPrometheusMetrics)
        {
            return builder;
        }

        builder.Resource.HasPrometheusMetrics = true;
        return builder
            .WithEnvironment("LoadBalancer__Admin__PrometheusMetrics", "true")
            .WithUrlForEndpoint(LoadBalancerResource.AdminEndpointName, endpoint => new ResourceUrlAnnotation
            {
                Url = "/metrics",
                DisplayText = "Metrics (Prometheus)",
                Endpoint = endpoint,
                DisplayLocation = UrlDisplayLocation.DetailsOnly,
            });
    }
}
