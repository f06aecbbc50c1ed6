using System.Net.Sockets;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Layer 7 load balancer: an HTTP entrance whose routes lead to the replicas of resources.</summary>
[AspireExport]
public sealed class Layer7LoadBalancerResource : LoadBalancerResource
{
    /// <summary>Name of the endpoint where clients connect.</summary>
    public const string HttpEndpointName = "http";

    /// <summary>Name of the endpoint where clients connect over TLS, unless it is given another.</summary>
    public const string HttpsEndpointName = "https";

    /// <summary>Creates the resource.</summary>
    /// <param name="name">The name of the resource.</param>
    public Layer7LoadBalancerResource(string name)
        : base(name)
    {
        HttpEndpoint = new(this, HttpEndpointName);
    }

    /// <summary>
    /// The endpoint where clients connect. A balancer of <c>WithLoadBalancer</c> has it where the resource has an endpoint
    /// of this name.
    /// </summary>
    public EndpointReference HttpEndpoint { get; }

    /// <summary>
    /// The key that signs what clients bring back for affinity and splits: a secret, by default one generated for each
    /// run, so that sessions outlive a restart of the balancer. Null where the resource is of no AppHost.
    /// </summary>
    public ParameterResource? AffinityKeyParameter { get; internal set; }

    internal Dictionary<string, Layer7ListenerOptions> Listeners { get; } = new(StringComparer.OrdinalIgnoreCase);

    internal Dictionary<string, RouteOptions> Routes { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What holds for all listeners and routes; it has none of its own.</summary>
    internal Layer7Options Options { get; set; } = new();

    private protected override void Describe(LoadBalancerOptions options)
    {
        options.Layer7 = Options with
        {
            // Each description gets addresses of its own.
            Listeners = Listeners.ToDictionary(listener => listener.Key, listener => listener.Value with { }, StringComparer.OrdinalIgnoreCase),
            Routes = new(Routes, StringComparer.OrdinalIgnoreCase),
        };
    }

    private protected override string SchemeFor(EndpointAnnotation endpoint) => endpoint.UriScheme;

    private protected override string? ObjectionTo(EndpointAnnotation endpoint, ProtocolType? protocol) =>
        endpoint.UriScheme is "http" or "https" ? null : $"which has the scheme '{endpoint.UriScheme}'; must be http or https";

    private protected override string? ObjectionTo(PoolOptions pool) =>
        pool.SendProxyProtocol == ProxyProtocolVersion.None ? null : $"'{Name}' sends no PROXY protocol header, which is of Layer 4; its requests carry X-Forwarded-For";

    private protected override IEnumerable<ProtocolType> ProtocolsOf(BackendPool pool) =>
        Routes.Values.Where(route => pool.HasName(route.Pool) || pool.HasName(route.Mirror?.Pool) || route.Split?.Pools.Keys.Any(pool.HasName) == true).Select(_ => ProtocolType.Tcp);
}
