namespace LoadBalancer.Configuration.Statistics;

/// <summary>A Layer 4 listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Where it listens.</param>
/// <param name="Pool">The pool that gets its connections.</param>
/// <param name="Policy">The policy in force.</param>
/// <param name="Active">Connections open now.</param>
/// <param name="Accepted">Connections accepted.</param>
/// <param name="Refused">Connections reset because no backend could take them.</param>
public sealed record Layer4ListenerStatistics(
    string Name,
    IReadOnlyList<string> Addresses,
    string Pool,
    SelectionPolicy Policy,
    int Active,
    long Accepted,
    long Refused);
