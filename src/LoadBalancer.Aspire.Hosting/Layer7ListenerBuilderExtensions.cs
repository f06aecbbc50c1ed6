using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Adds listeners to Layer 7 load balancers. Every route is served on every listener.</summary>
public static class Layer7ListenerBuilderExtensions
{
    /// <summary>
    /// Adds an HTTPS listener. Without a certificate of its own it presents the one that <c>WithHttpsCertificate</c>
    /// gives the balancer, else the ASP.NET Core developer certificate, else a self-signed one for localhost.
    /// </summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="port">Where clients connect, 1 to 65535; <see langword="null"/> for a free port.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint. Default: <c>https</c>.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not an endpoint name or is taken, or <paramref name="configure"/> sets what cannot be together.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    /// <example>
    /// <code lang="csharp">
    /// builder.AddLayer7LoadBalancer("edge", port: 8080)
    ///     .WithHttpListener(l => l.WithRedirectToHttps())
    ///     .WithHttpsListener(8443)
    ///     .WithRoute("/{**rest}", catalog);
    /// </code>
    /// </example>
    [AspireExport(RunSyncOnBackgroundThread = true)]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithHttpsListener(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        int? port = null,
        Action<Layer7HttpsListenerBuilder>? configure = null,
        [EndpointName] string name = Layer7LoadBalancerResource.HttpsEndpointName)
    {
        ArgumentNullException.ThrowIfNull(builder);
        CheckNew(builder.Resource, name, port);
        var listener = new Layer7HttpsListenerBuilder(builder.ApplicationBuilder.AppHostDirectory);
        configure?.Invoke(listener);
        builder.AddListener(name, "https", port, listener.Options);
        foreach (var (certificate, password) in listener.Passwords)
        {
            builder.WithSecret($"{Variables(name)}__Tls__Certificates__{certificate}__Password", () => password);
        }

        return builder;
    }

    /// <summary>Adds a listener that speaks HTTP in clear text, beside the one that the load balancer comes with.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="name">The name of the listener, which is also the name of its endpoint.</param>
    /// <param name="port">Where clients connect, 1 to 65535; <see langword="null"/> for a free port.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not an endpoint name or is taken, or <paramref name="configure"/> sets what cannot be together.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    /// <example>
    /// <code lang="csharp">
    /// edge.WithHttpListener("grpc", 8081, l => l.WithProtocols(HttpListenerProtocols.Http2));
    /// </code>
    /// </example>
    [AspireExport(RunSyncOnBackgroundThread = true)]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithHttpListener(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        [EndpointName] string name,
        int? port = null,
        Action<Layer7HttpListenerBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        CheckNew(builder.Resource, name, port);
        var listener = new Layer7HttpListenerBuilder(new());
        configure?.Invoke(listener);
        return builder.AddListener(name, "http", port, listener.Options);
    }

    /// <summary>Configures the listener that the load balancer comes with, whose endpoint is <c>http</c>. May be called again to change more.</summary>
    /// <param name="builder">The load balancer's builder.</param>
    /// <param name="configure">Changes the listener's defaults.</param>
    /// <returns>The load balancer's builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="configure"/> sets what cannot be together.</exception>
    [AspireExport("configureHttpListener", RunSyncOnBackgroundThread = true)]
    public static IResourceBuilder<Layer7LoadBalancerResource> WithHttpListener(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        Action<Layer7HttpListenerBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var listeners = builder.Resource.Listeners;
        var listener = new Layer7HttpListenerBuilder(listeners[Layer7LoadBalancerResource.HttpEndpointName]);
        configure(listener);
        listeners[Layer7LoadBalancerResource.HttpEndpointName] = listener.Options;
        Contract.Check(builder.Resource, nameof(configure));
        return builder;
    }

    private static void CheckNew(Layer7LoadBalancerResource balancer, string name, int? port)
    {
        ArgumentNullException.ThrowIfNull(name);
        Contract.CheckPort(port, nameof(port));
        if (balancer.Annotations.OfType<EndpointAnnotation>().Any(endpoint => endpoint.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"'{balancer.Name}' has an endpoint '{name}' already; a listener must have a name of its own.", nameof(name));
        }
    }

    private static IResourceBuilder<Layer7LoadBalancerResource> AddListener(
        this IResourceBuilder<Layer7LoadBalancerResource> builder,
        string name,
        string scheme,
        int? port,
        Layer7ListenerOptions listener)
    {
        builder.WithListener(name, scheme, port, $"{Variables(name)}__Address");
        builder.Resource.Listeners.Add(name, listener);
        Contract.Check(builder.Resource, "configure");
        return builder;
    }

    private static string Variables(string listener) => $"LoadBalancer__Layer7__Listeners__{listener}";
}
