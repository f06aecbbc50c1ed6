using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;

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

    public BackendPool Pool => pool;

    /// <summary>How YARP sends the route's requests.</summary>
    public RequestConfigs RequestConfigs { get; } = new(options.Timeouts);

    /// <summary>The policy that picks: the route's own, or else the pool's.</summary>
    public ISelectionPolicy PolicyFor(BackendPool target) => _ownPolicy ?? target.Policy;

    /// <summary>Hash of what identifies the client to policies.</summary>
    public ulong KeyOf(HttpContext context)
    {
        string? text = options.HashKey switch
        {
            { Header: { } header } => context.Request.Headers[header],
            { Cookie: { } cookie } => context.Request.Cookies[cookie],
            { Query: { } query } => context.Request.Query[query],
            _ => null,
        };
        return string.IsNullOrEmpty(text) ? ClientHash.Of(context.Connection.RemoteIpAddress) : ClientHash.Of(text);
    }

    public void RecordRequest() => Interlocked.Increment(ref _requests);

    public void RecordForwarded() => Interlocked.Increment(ref _forwarded);

    public void RecordCacheHit() => Interlocked.Increment(ref _cacheHits);

    public void RecordFailed() => Interlocked.Increment(ref _failed);

    public RouteStatistics GetStatistics() => new(
        name, options.Path, pool.Name, PolicyFor(pool).Kind,
        Volatile.Read(ref _requests), Volatile.Read(ref _forwarded), Volatile.Read(ref _cacheHits), Volatile.Read(ref _failed));
}
