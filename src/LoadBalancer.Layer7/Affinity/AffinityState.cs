namespace LoadBalancer.Layer7.Affinity;

/// <summary>What affinity had to say of a request.</summary>
internal enum AffinityState
{
    /// <summary>The route has none.</summary>
    None,

    /// <summary>The client brought no session, or none that the balancer had made: the policy picked.</summary>
    New,

    /// <summary>It goes to its session's backend.</summary>
    Kept,

    /// <summary>Its session's backend is gone or takes no requests: the policy picked another.</summary>
    Repicked,

    /// <summary>Its session's backend is gone or takes no requests, and the route wants no other.</summary>
    Refused,
}
