using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// Lets the pool pick among YARP's destinations. The backend is counted as active from here on; it goes along as a
/// feature, since a destination that affinity or YARP itself chose was not.
/// </summary>
internal sealed class PoolLoadBalancingPolicy(RouteTable routes, BackendPools pools) : ILoadBalancingPolicy
{
    public const string PolicyName = "Pool";

    public string Name => PolicyName;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        if (pools.Find(PoolProxyConfigProvider.PoolOf(cluster.Model.Config)) is not { } pool
            || pool.Pick(routes.Find(context)?.OwnPolicy ?? pool.Policy, ClientHash.Of(context.Connection.RemoteIpAddress)) is not { } backend)
        {
            return null;
        }

        if (!cluster.Destinations.TryGetValue(backend.Id, out var destination))
        {
            // So new that YARP has yet to hear of it.
            pool.Release(backend);
            return availableDestinations[0];
        }

        context.Features.Set(backend);
        return destination;
    }
}
