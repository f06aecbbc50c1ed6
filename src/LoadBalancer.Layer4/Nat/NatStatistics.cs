using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer4.Nat;

/// <summary>What the kernel does for a translated listener.</summary>
/// <param name="Listener">The listener.</param>
/// <param name="Connections">Its rows of the connection table.</param>
internal sealed record NatStatistics(Layer4ListenerStatistics Listener, IReadOnlyList<ConnectionStatistics> Connections);
