using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>What a listener does with a connection; replaced as a whole when the configuration changes.</summary>
internal sealed record ListenerSettings(BackendPool Pool, ISelectionPolicy? OwnPolicy, Layer4ListenerOptions Options)
{
    /// <summary>The listener's own policy, or else the pool's as it is now.</summary>
    public ISelectionPolicy Policy => OwnPolicy ?? Pool.Policy;
}
