using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Nat;

/// <summary>What a translated listener follows; replaced as a whole when the configuration changes.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="OwnPolicy">The listener's own policy; null for the pool's.</param>
/// <param name="DrainTimeout">Time that UDP clients of a backend that left are kept there.</param>
internal sealed record NatListenerSettings(BackendPool Pool, SelectionPolicy? OwnPolicy, TimeSpan DrainTimeout)
{
    /// <summary>The policy in force.</summary>
    public SelectionPolicy Policy => OwnPolicy ?? Pool.Policy.Kind;
}
