using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Faults;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Limits;
using LoadBalancer.Layer7.Resilience;
using LoadBalancer.Layer7.Routing.Transforms;
using LoadBalancer.Layer7.Shaping;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Routing;

/// <summary>A route in force, with its figures. Requests that began under an old configuration keep the old object.</summary>
internal sealed class Route(string name, RouteOptions options, BackendPool pool, Route? before)
{
    // What commands set and faults count goes on when the configuration changes, also for requests that began before.
    private readonly RouteFaults _faults = before?._faults ?? new();
    // A policy that stays keeps its state: a replica that comes or goes must not send the next client to the first again.
    private readonly ISelectionPolicy? _ownPolicy =
        options.Policy is not { } kind ? null
        : before?._ownPolicy is { } policy && policy.Kind == kind ? policy
        : SelectionPolicies.Create(kind);
    private readonly string _cluster = PoolProxyConfigProvider.ClusterOf(pool.Name, options.Timeouts.Connect);
    private readonly string _affinityCookie = options.SessionAffinity?.CookieFor(pool.Name) ?? "";
    private readonly SessionCounts _sessions = before?._sessions ?? new();
    private volatile Split? _split;
    private long _requests = before?._requests ?? 0;
    private long _forwarded = before?._forwarded ?? 0;
    private long _cacheHits = before?._cacheHits ?? 0;
    private long _failed = before?._failed ?? 0;

    public string Name => name;

    public RouteOptions Options => options;

    public BackendPool Pool => pool;

    /// <summary>Rate, requests at a time and size of bodies; null when none is limited.</summary>
    public RouteLimits? Limits { get; } = RouteLimits.Of(name, options, before?.Limits);

    /// <summary>How YARP sends the route's requests.</summary>
    public RequestConfigs RequestConfigs { get; } = new(options.Timeouts);

    /// <summary>How URLs of its backends become the client's, where it has no transforms of its own.</summary>
    public LocationTransform Locations { get; } = new()
    {
        Paths = PathMapping.Of(options.RemovePrefix is { } prefix ? [new Dictionary<string, string> { ["PathRemovePrefix"] = prefix }] : null),
    };

    /// <summary>YARP's cluster of a pool: its connections, which routes share that wait equally long for them.</summary>
    public string ClusterOf(BackendPool target) => target == pool ? _cluster : PoolProxyConfigProvider.ClusterOf(target.Name, options.Timeouts.Connect);

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

    /// <summary>What it did about slow and failing backends.</summary>
    public ResilienceFigures Resilience { get; } = before?.Resilience ?? new(name);

    /// <summary>The retries that it may make.</summary>
    public RetryBudget Budget { get; } = before?.Budget ?? new(TimeProvider.System);

    /// <summary>The pools that share its requests; null while its own has them all.</summary>
    public Split? Split
    {
        get => _split;
        set => _split = value;
    }

    /// <summary>Where copies of its requests go; null for none.</summary>
    public Mirror? Mirror { get; init; }

    /// <summary>Faults in force at it; null for none.</summary>
    public FaultOptions? Faults
    {
        get => _faults.InForce;
        set => _faults.InForce = value;
    }

    public void RecordFault() => _faults.Record(name);

    public void RecordRequest() => Interlocked.Increment(ref _requests);

    public void RecordForwarded() => Interlocked.Increment(ref _forwarded);

    public void RecordCacheHit() => Interlocked.Increment(ref _cacheHits);

    public void RecordFailed() => Interlocked.Increment(ref _failed);

    public void RecordSession(AffinityState state) => _sessions.Record(state);

    public void ResetStatistics()
    {
        Volatile.Write(ref _requests, 0);
        Volatile.Write(ref _forwarded, 0);
        Volatile.Write(ref _cacheHits, 0);
        Volatile.Write(ref _failed, 0);
        Resilience.ResetStatistics();
        Split?.ResetStatistics();
        Mirror?.ResetStatistics();
        Limits?.ResetStatistics();
        _faults.ResetStatistics();
        _sessions.ResetStatistics();
    }

    public RouteStatistics GetStatistics() => new(
        name, options.Path, pool.Name, PolicyFor(pool).Kind,
        Volatile.Read(ref _requests), Volatile.Read(ref _forwarded), Volatile.Read(ref _cacheHits), Volatile.Read(ref _failed),
        Resilience.GetStatistics(), Split?.GetStatistics() ?? [], Mirror?.GetStatistics(), Faults, _faults.Count,
        options.SessionAffinity is null ? null : _sessions.GetStatistics(Sources?.Count),
        Limits?.GetStatistics());
}
