using System.Net.Sockets;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// A Layer 4 load balancer: relays TCP connections and UDP datagrams, byte for byte, to the replicas of a resource.
/// Each of its listeners is an endpoint of this resource.
/// </summary>
/// <param name="name">The name of the resource.</param>
[AspireExport]
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
    private protected override string SchemeFor(EndpointAnnotation endpoint) => endpoint.Protocol == ProtocolType.Udp ? "udp" : "tcp";

    private protected override string? ObjectionTo(EndpointAnnotation endpoint, ProtocolType? protocol) =>
        protocol is null || endpoint.Protocol == protocol ? null : $"which is {endpoint.Protocol}; must be {protocol}";

    private protected override string? ObjectionTo(PoolOptions pool) =>
        pool.HttpVersion != BackendHttpVersion.Auto ? $"'{Name}' speaks no HTTP, so that its pools have no HTTP version"
        : pool.BackendTls is not null ? $"'{Name}' passes TLS through untouched; options of TLS towards backends are of Layer 7"
        : pool.OutlierEjection.ServerErrors ? $"'{Name}' does not see statuses; counting those from 500 to 599 as failures is of Layer 7"
        : null;

    private protected override IEnumerable<ProtocolType> ProtocolsOf(BackendPool pool) => Listeners.Values
        .Where(listener => pool.HasName(listener.Pool) || listener.TlsRoutes.Values.Any(route => pool.HasName(route.Pool)))
        .Select(listener => listener.Protocol == Layer4Protocol.Udp ? ProtocolType.Udp : ProtocolType.Tcp);
}
