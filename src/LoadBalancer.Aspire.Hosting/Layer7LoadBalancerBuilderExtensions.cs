using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Adds Layer 7 load balancers to an AppHost.</summary>
public static class Layer7LoadBalancerBuilderExtensions
{
    /// <summary>Adds a Layer 7 load balancer: a process that sends HTTP requests to the replicas of resources, by routes.</summary>
    /// <param name="builder">The AppHost's builder.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="port">Where clients connect, 1 to 65535; <see langword="null"/> for a free port.</param>
    /// <param name="adminPort">Port of the admin endpoint on loopback, 1 to 65535; <see langword="null"/> for a free one.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a resource name.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> or <paramref name="adminPort"/> is not a port.</exception>
    /// <example>
    /// <code lang="csharp">
    /// var catalog = builder.AddProject&lt;Projects.Catalog&gt;("catalog").WithReplicas(3);
    /// builder.AddLayer7LoadBalancer("edge", port: 8080).WithRoute("/{**rest}", catalog, r => r.WithSessionAffinity());
    /// </code>
    /// </example>
    [AspireExport]
    public static IResourceBuilder<Layer7LoadBalancerResource> AddLayer7LoadBalancer(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        int? port = null,
        int? adminPort = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        Contract.CheckPort(port, nameof(port));
        Contract.CheckPort(adminPort, nameof(adminPort));

        return builder.AddLayer7LoadBalancerWithoutListener(name, adminPort).WithHttpListener(Layer7LoadBalancerResource.HttpEndpointName, port);
    }

    internal static IResourceBuilder<Layer7LoadBalancerResource> AddLayer7LoadBalancerWithoutListener(this IDistributedApplicationBuilder builder, string name, int? adminPort)
    {
        var balancer = new Layer7LoadBalancerResource(name) { AffinityKeyParameter = LoadBalancerBuilder.NewSecret(builder.Configuration, $"{name}-affinity-key") };
        return builder.AddLoadBalancer(balancer, adminPort, "BranchFork")
            .WithSecret("LoadBalancer__Layer7__AffinityKey", () => balancer.AffinityKeyParameter)
            .WithCertificateOfAspire();
    }

    /// <summary>
    /// Adds a route to the replicas of a resource: to its endpoint <c>http</c> or, where it has none, to its only endpoint over HTTP or HTTPS.
    /// </summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="path">Path template in ASP.NET Core's route syntax, such as <c>/auth/{**rest}</c>.</param>
    /// <param name="backend">The resource that gets the requests.</param>
    /// <param name="configure">Changes the route's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is not a path template, <paramref name="backend"/> has no such endpoint, there is such a route already,
    /// or <paramref name="configure"/> sets what cannot be together.
    /// </exception>
    /// <remarks>The literal part in front of a catch-all is removed: the backend of <c>/auth/{**rest}</c> sees <c>/auth/login</c> as <c>/login</c>.</remarks>
    [AspireExportIgnore(Reason = "Other languages have one function for resources and endpoints.")]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithRoute(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        string path,
        IResourceBuilder<IResourceWithEndpoints> backend,
        Action<Layer7RouteBuilder>? configure = null)
    {
        return builder.WithRoute(path, HttpBackend.Of(backend, nameof(backend)), configure);
    }

    /// <summary>Adds a route to the replicas behind an endpoint.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="path">Path template in ASP.NET Core's route syntax, such as <c>/auth/{**rest}</c>.</param>
    /// <param name="backend">The endpoint, over HTTP or HTTPS, that gets the requests.</param>
    /// <param name="configure">Changes the route's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is not a path template, <paramref name="backend"/> is not such an endpoint of another resource,
    /// there is such a route already, or <paramref name="configure"/> sets what cannot be together.
    /// </exception>
    /// <remarks>The literal part in front of a catch-all is removed: the backend of <c>/auth/{**rest}</c> sees <c>/auth/login</c> as <c>/login</c>.</remarks>
    [AspireExportIgnore(Reason = "Other languages have one function for resources and endpoints.")]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithRoute(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        string path,
        EndpointReference backend,
        Action<Layer7RouteBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(backend);
        Contract.Check(new RouteOptions { Path = path }, nameof(path));

        var template = new RoutePath(path, nameof(path));
        var route = new Layer7RouteBuilder(template);
        configure?.Invoke(route);
        var routes = builder.Resource.Routes;
        ThrowIfTaken(builder.Resource, route, template);
        var pool = builder.AddBackend(backend, ProtocolType.Tcp, nameof(backend)).Name;
        var options = route.WithPools(pool, other => builder.AddBackend(other, ProtocolType.Tcp, nameof(configure)).Name);
        routes.Add(route.Name ?? FreeName(routes, template), options);
        Contract.Check(builder.Resource, nameof(configure));
        return builder;
    }

    /// <summary>Adds a route to an external service. A path in its URL is put in front of a request's.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="path">Path template in ASP.NET Core's route syntax, such as <c>/weather/{**rest}</c>.</param>
    /// <param name="backend">The external service, over HTTP or HTTPS, that gets the requests.</param>
    /// <param name="configure">Changes the route's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is not a path template, the service is of another scheme, there is such a route already,
    /// or <paramref name="configure"/> sets what cannot be together.
    /// </exception>
    /// <remarks>
    /// The literal part in front of a catch-all is removed first. Of a URL that comes from a parameter the path is not
    /// used; set it with <see cref="Layer7RouteBuilder.WithPathPrefix"/>.
    /// </remarks>
    /// <example>
    /// <code lang="csharp">
    /// var weather = builder.AddExternalService("weather", "https://api.weather.example/v2");
    /// edge.WithRoute("/weather/{**rest}", weather);
    /// </code>
    /// </example>
    [AspireExportIgnore(Reason = "Other languages have one function for resources and endpoints.")]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithRoute(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        string path,
        IResourceBuilder<ExternalServiceResource> backend,
        Action<Layer7RouteBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var prefix = backend.Resource.Uri?.AbsolutePath.TrimEnd('/') ?? "";
        return builder.WithRoute(path, backend.AsBackend(), route =>
        {
            if (prefix.Length > 0)
            {
                route.WithPathPrefix(prefix);
            }

            configure?.Invoke(route);
        });
    }

    /// <summary>Adds a route to the replicas of a resource.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="path">Path template in ASP.NET Core's route syntax, such as <c>/auth/{**rest}</c>; the literal part in front of a catch-all is removed.</param>
    /// <param name="backend">The resource, with an endpoint <c>http</c> or only one over HTTP or HTTPS; or the endpoint; or an external service.</param>
    /// <param name="configure">Changes the route's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    [AspireExport("withRoute", RunSyncOnBackgroundThread = true)]
    internal static IResourceBuilder<Layer7LoadBalancerResource> RouteTo(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        string path,
        [AspireUnion(typeof(IResourceBuilder<IResourceWithEndpoints>), typeof(EndpointReference), typeof(IResourceBuilder<ExternalServiceResource>))] object backend,
        Action<Layer7RouteBuilder>? configure = null) => backend is IResourceBuilder<ExternalServiceResource> service
            ? builder.WithRoute(path, service, configure)
            : builder.WithRoute(path, HttpBackend.Of(backend, nameof(backend)), configure);

    /// <summary>
    /// Sets the options of a resource's pool: health checks, limits and more, for all routes that lead to its endpoint
    /// <c>http</c> or, where it has none, to its only endpoint over HTTP or HTTPS.
    /// </summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="backend">The resource that gets the requests.</param>
    /// <param name="configure">Changes the pool's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="backend"/> has no such endpoint, or its pool has options already, or <paramref name="configure"/> sets what Layer 7 cannot do.
    /// </exception>
    [AspireExportIgnore(Reason = "Other languages pass the endpoint to the function of both layers.")]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithPool(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        IResourceBuilder<IResourceWithEndpoints> backend,
        Action<BackendPoolBuilder> configure)
    {
        return builder.WithPool(HttpBackend.Of(backend, nameof(backend)), configure);
    }

    // Two routes with the same conditions would make every request that meets them ambiguous.
    private static void ThrowIfTaken(Layer7LoadBalancerResource balancer, Layer7RouteBuilder route, RoutePath path)
    {
        if (route.Name is { } name && balancer.Routes.ContainsKey(name))
        {
            throw new ArgumentException($"'{balancer.Name}' has a route '{name}' already; a route must have a name of its own.", nameof(path));
        }

        foreach (var (other, options) in balancer.Routes)
        {
            if (new RoutePath(options.Path!, nameof(path)).Shape == path.Shape && RouteConditions.AreSame(options, route.Options))
            {
                throw new ArgumentException($"'{balancer.Name}' has a route '{other}' for '{options.Path}' with the same conditions already; '{path.Text}' must have others.", nameof(path));
            }
        }
    }

    private static string FreeName(Dictionary<string, RouteOptions> routes, RoutePath path)
    {
        var name = path.Words;
        for (var i = 2; routes.ContainsKey(name); i++)
        {
            name = $"{path.Words}-{i}";
        }

        return name;
    }
}
