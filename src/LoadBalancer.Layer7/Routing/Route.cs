using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Selection;

namespace LoadBalancer.Layer7.Routing;

/// <summary>A route in force, with its figures. Requests that began under an old configuration keep the old object.</summary>
internal sealed class Route(string name, RouteOptions options, BackendPool pool, Route? before)
{
    // A policy that stays keeps its state: a replica that comes or goes must not send the next client to the first again.
    private readonly ISelectionPolicy? _ownPolicy =
        options.Policy is not { } kind ? null
        : before?._ownPolicy is { } policy && policy.Kind == kind ? policy
        : SelectionPolicies.Create(kind);
    private long _requests = before?._requests ?? 0;
    private long _forwarded = before?._forwarded ?? 0;
    private long _cacheHits = before?._cacheHits ?? 0;
    private long _failed = before?._failed ?? 0;

    public string Name => name;

    public RouteOptions Options => options;

    /// <summary>The policy that the route brings; null where the pool's is used.</summary>
    public ISelectionPolicy? OwnPolicy => _ownPolicy;

    public void RecordRequest() => Interlocked.Increment(ref _requests);

    public void RecordForwarded() => Interlocked.Increment(ref _forwarded);

    public void RecordCacheHit() => Interlocked.Increment(ref _cacheHits);

    public void RecordFailed() => Interlocked.Increment(ref _failed);

    public RouteStatistics GetStatistics() => new(
        name, options.Path, pool.Name, (_ownPolicy ?? pool.Policy).Kind,
        Volatile.Read(ref _requests), Volatile.Read(ref _forwarded), Volatile.Read(ref _cacheHits), Volatile.Read(ref _failed));
}
