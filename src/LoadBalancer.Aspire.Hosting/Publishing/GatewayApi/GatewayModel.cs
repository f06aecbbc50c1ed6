using LoadBalancer.Configuration;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>A balancer and what a cluster knows of its surroundings.</summary>
/// <param name="Name">The balancer's name.</param>
/// <param name="Options">What it does.</param>
/// <param name="Ports">Where its listeners listen.</param>
/// <param name="Pools">The Services behind its pools.</param>
/// <param name="Target">What is to be written.</param>
internal sealed record GatewayModel(
    string Name,
    LoadBalancerOptions Options,
    IReadOnlyDictionary<string, int> Ports,
    IReadOnlyDictionary<string, GatewayPool> Pools,
    GatewayApiOptions Target);
