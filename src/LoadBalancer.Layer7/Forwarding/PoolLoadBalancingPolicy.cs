using System.Runtime.CompilerServices;
using LoadBalancer.Backends;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Discovery;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Lets the domain's policies pick among YARP's destinations.</summary>
internal sealed class PoolLoadBalancingPolicy(RouteTable routes, BackendPools pools) : ILoadBalancingPolicy
{
    public const string PolicyName = "Pool";

    // YARP hands over the same list until its destinations change, so the backends behind it are looked up once.
    private readonly ConditionalWeakTable<IReadOnlyList<DestinationState>, Candidates> _candidates = [];

    public string Name => PolicyName;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        if (pools.Find(PoolProxyConfigProvider.PoolOf(cluster.Model.Config)) is not { } pool)
        {
            return null;
        }

        var policy = routes.Find(context)?.OwnPolicy ?? pool.Policy;
        var candidates = Find(availableDestinations, pool.Snapshot);
        return candidates.Backends.Length == 0
            ? null
            : candidates.Destinations[policy.Pick(candidates.Backends, ClientHash.Of(context.Connection.RemoteIpAddress))];
    }

    private Candidates Find(IReadOnlyList<DestinationState> destinations, PoolSnapshot snapshot)
    {
        if (!_candidates.TryGetValue(destinations, out var candidates) || candidates.Snapshot != snapshot)
        {
            candidates = Candidates.From(destinations, snapshot);
            _candidates.AddOrUpdate(destinations, candidates);
        }

        return candidates;
    }

    private sealed record Candidates(PoolSnapshot Snapshot, Backend[] Backends, Dictionary<Backend, DestinationState> Destinations)
    {
        public static Candidates From(IReadOnlyList<DestinationState> destinations, PoolSnapshot snapshot)
        {
            var found = new Dictionary<Backend, DestinationState>(destinations.Count);
            foreach (var destination in destinations)
            {
                // YARP learns of a failed backend a moment after the pool does.
                if (snapshot.Find(destination.DestinationId) is { State: BackendState.Healthy } backend)
                {
                    found.Add(backend, destination);
                }
            }

            return new(snapshot, [.. found.Keys], found);
        }
    }
}
