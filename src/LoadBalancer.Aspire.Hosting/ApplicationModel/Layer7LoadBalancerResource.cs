using System.Net.Sockets;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Layer 7 load balancer: an HTTP entrance whose routes lead to the replicas of resources.</summary>
public sealed class Layer7LoadBalancerResource : LoadBalancerResource
{
    /// <summary>Name of the endpoint where clients connect.</summary>
    public const string HttpEndpointName = "http";

    /// <summary>Creates the resource.</summary>
    /// <param name="name">The name of the resource.</param>
    public Layer7LoadBalancerResource(string name)
        : base(name)
    {
        HttpEndpoint = new(this, HttpEndpointName);
    }

    /// <summary>The endpoint where clients connect.</summary>
    public EndpointReference HttpEndpoint { get; }

    internal Dictionary<string, RouteOptions> Routes { get; } = new(StringComparer.OrdinalIgnoreCase);

    private protected override void Describe(LoadBalancerOptions options)
    {
        options.Layer7.Listeners.Add(HttpEndpointName, new());
        foreach (var (name, route) in Routes)
        {
            options.Layer7.Routes.Add(name, route);
        }
    }

    private protected override string SchemeFor(EndpointAnnotation endpoint) => endpoint.UriScheme;

    private protected override string? ObjectionTo(EndpointAnnotation endpoint, ProtocolType? protocol) =>
        endpoint.UriScheme is "http" or "https" ? null : $"which has the scheme '{endpoint.UriScheme}'; must be http or https";

    private protected override string? ObjectionTo(PoolOptions pool) =>
        pool.SendProxyProtocol == ProxyProtocolVersion.None ? null : $"'{Name}' sends no PROXY protocol header, which is of Layer 4; its requests carry X-Forwarded-For";

    private protected override IEnumerable<ProtocolType> ProtocolsOf(BackendPool pool) =>
        Routes.Values.Where(route => pool.HasName(route.Pool)).Select(_ => ProtocolType.Tcp);
}
