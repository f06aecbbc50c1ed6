using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Routing;

/// <summary>A route in force, with its figures. Requests that began under an old configuration keep the old object.</summary>
internal sealed class Route(string name, RouteOptions options, BackendPool pool, Route? before)
{
    // A policy that stays keeps its state: a replica that comes or goes must not send the next client to the first again.
    private readonly ISelectionPolicy? _ownPolicy =
        options.Policy is not { } kind ? null
        : before?._ownPolicy is { } policy && policy.Kind == kind ? policy
        : SelectionPolicies.Create(kind);
    private readonly string _affinityCookie = options.SessionAffinity?.CookieFor(pool.Name) ?? "";
    private readonly SessionCounts _sessions = before?._sessions ?? new();
    private long _requests = before?._requests ?? 0;
    private long _forwarded = before?._forwarded ?? 0;
    private long _cacheHits = before?._cacheHits ?? 0;
    private long _failed = before?._failed ?? 0;

    public string Name => name;

    public RouteOptions Options => options;

    public BackendPool Pool => pool;

    /// <summary>How YARP sends the route's requests.</summary>
    public ForwarderRequestConfig RequestConfig { get; } = new() { ActivityTimeout = options.Timeouts.Idle };

    /// <summary>Which backend each client's address has; null where sessions are told apart by something else.</summary>
    public SourceAffinity? Sources { get; } =
        options.SessionAffinity is not { Mode: SessionAffinityMode.Source } sources ? null
        : before?.Sources is { } known && before.Options.SessionAffinity == sources ? known
        : new(new() { Expiry = sources.Expiry ?? new SourceAffinityOptions().Expiry }, TimeProvider.System, keepsLeft: sources.WhenGone == AffinityFailure.Refuse);

    /// <summary>The policy that picks: the route's own, or else the pool's.</summary>
    public ISelectionPolicy PolicyFor(BackendPool target) => _ownPolicy ?? target.Policy;

    /// <summary>Hash of what identifies the client to a policy; 0 where it does not look.</summary>
    public ulong KeyOf(HttpContext context, ISelectionPolicy policy) => policy.Kind switch
    {
        SelectionPolicy.ConsistentHash => RequestKey.Of(context, options.HashKey),
        SelectionPolicy.SourceHash => ClientHash.Of(context.Connection.RemoteIpAddress),
        _ => 0,
    };

    /// <summary>Name of the affinity cookie of a pool.</summary>
    public string AffinityCookieFor(BackendPool target) => target == pool ? _affinityCookie : options.SessionAffinity!.CookieFor(target.Name);

    public void RecordRequest() => Interlocked.Increment(ref _requests);

    public void RecordForwarded() => Interlocked.Increment(ref _forwarded);

    public void RecordCacheHit() => Interlocked.Increment(ref _cacheHits);

    public void RecordFailed() => Interlocked.Increment(ref _failed);

    public void RecordSession(AffinityState state) => _sessions.Record(state);

    public RouteStatistics GetStatistics() => new(
        name, options.Path, pool.Name, PolicyFor(pool).Kind,
        Volatile.Read(ref _requests), Volatile.Read(ref _forwarded), Volatile.Read(ref _cacheHits), Volatile.Read(ref _failed),
        options.SessionAffinity is null ? null : _sessions.GetStatistics(Sources?.Count));
}
