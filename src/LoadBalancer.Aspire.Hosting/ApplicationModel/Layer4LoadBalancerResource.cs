using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// A Layer 4 load balancer: relays TCP connections, byte for byte, to the replicas of a resource.
/// Each of its listeners is an endpoint of this resource.
/// </summary>
/// <param name="name">The name of the resource.</param>
public sealed class Layer4LoadBalancerResource(string name) : LoadBalancerResource(name)
{
    internal Dictionary<string, Layer4ListenerOptions> Listeners { get; } = new(StringComparer.OrdinalIgnoreCase);

    private protected override void Describe(LoadBalancerOptions options)
    {
        foreach (var (name, listener) in Listeners)
        {
            options.Layer4.Listeners.Add(name, listener);
        }
    }

    // Whatever the bytes mean to those who send them.
    private protected override string SchemeFor(EndpointAnnotation endpoint) => "tcp";

    private protected override string? ObjectionTo(EndpointAnnotation endpoint) =>
        endpoint.Protocol == ProtocolType.Tcp ? null : $"which is {endpoint.Protocol}; must be Tcp";
}
