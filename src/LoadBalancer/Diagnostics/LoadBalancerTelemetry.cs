using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LoadBalancer.Diagnostics;

/// <summary>The one source of spans and the one meter of the balancer. See docs/telemetry.md for the names.</summary>
public static class LoadBalancerTelemetry
{
    /// <summary>Name of the source and of the meter.</summary>
    public const string Name = "LoadBalancer";

    /// <summary>Source of the balancer's spans.</summary>
    public static readonly ActivitySource Source = new(Name);

    /// <summary>Meter of the balancer's instruments.</summary>
    public static readonly Meter Meter = new(Name);

    /// <summary>Attribute: the pool.</summary>
    public const string PoolKey = "lb.pool";

    /// <summary>Attribute: the policy that picked.</summary>
    public const string PolicyKey = "lb.policy";

    /// <summary>Attribute: the backend's address.</summary>
    public const string BackendKey = "lb.backend";

    /// <summary>Attribute: the backend's name.</summary>
    public const string ReplicaKey = "lb.backend.replica";

    /// <summary>Attribute: how many backends could be picked.</summary>
    public const string CandidatesKey = "lb.candidates";

    /// <summary>Attribute: which attempt a pick was, from 1.</summary>
    public const string AttemptKey = "lb.attempt";

    /// <summary>Attribute: what session affinity had to say: none, new, kept, repicked or refused.</summary>
    public const string AffinityKey = "lb.affinity";

    /// <summary>Attribute: the Layer 4 listener.</summary>
    public const string ListenerKey = "lb.listener";

    /// <summary>Attribute: the Layer 7 route.</summary>
    public const string RouteKey = "lb.route";

    /// <summary>Attribute: why a backend was picked, or why something was refused or closed.</summary>
    public const string ReasonKey = "lb.reason";

    /// <summary>Attribute: what the cache did: none, hit, stale, collapsed, revalidated, miss or bypass.</summary>
    public const string CacheKey = "lb.cache";

    /// <summary>Attribute: the state of a backend.</summary>
    public const string StateKey = "lb.state";

    /// <summary>Attribute: the class of an HTTP status, such as 2xx.</summary>
    public const string StatusClassKey = "lb.status_class";

    /// <summary>Attribute: what came of a change of the configuration: applied or rejected.</summary>
    public const string ResultKey = "lb.result";

    /// <summary>Attribute: which way bytes went: transmit, to the backend, or receive, to the client.</summary>
    public const string DirectionKey = "network.io.direction";

    /// <summary>Value of <see cref="DirectionKey"/>: to the backend.</summary>
    public const string ToBackend = "transmit";

    /// <summary>Value of <see cref="DirectionKey"/>: to the client.</summary>
    public const string ToClient = "receive";
}
