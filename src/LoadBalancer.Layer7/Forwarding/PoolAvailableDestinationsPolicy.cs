using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Routing;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>A destination is available when its backend can be picked: health is the pool's business, not YARP's.</summary>
internal sealed class PoolAvailableDestinationsPolicy(BackendPools pools) : IAvailableDestinationsPolicy
{
    public const string PolicyName = "Pool";

    public string Name => PolicyName;

    public IReadOnlyList<DestinationState> GetAvailalableDestinations(ClusterConfig config, IReadOnlyList<DestinationState> allDestinations)
    {
        if (pools.Find(PoolProxyConfigProvider.PoolOf(config)) is not { } pool)
        {
            return [];
        }

        var snapshot = pool.Snapshot;
        return [.. allDestinations.Where(destination => snapshot.Find(destination.DestinationId) is { } backend && snapshot.CanPick(backend))];
    }
}
