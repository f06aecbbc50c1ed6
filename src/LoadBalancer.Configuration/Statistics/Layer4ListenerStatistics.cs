namespace LoadBalancer.Configuration.Statistics;

/// <summary>A Layer 4 listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Where it listens.</param>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Mode">Relay or NAT.</param>
/// <param name="Pool">The pool that gets its connections; null when TLS routes alone decide.</param>
/// <param name="Policy">The policy in force; null without a pool of its own.</param>
/// <param name="Active">Connections or sessions open now.</param>
/// <param name="MaxConnections">Most connections or sessions at a time; null for no limit.</param>
/// <param name="Queued">Connections that wait because the listener is at its limit.</param>
/// <param name="Affinities">Clients whose backend is remembered.</param>
/// <param name="Accepted">Connections or sessions accepted.</param>
/// <param name="Refused">Connections or sessions refused: the sum of <paramref name="Refusals"/>.</param>
/// <param name="Refusals">Refused, by reason.</param>
/// <param name="Pools">Pools that its connections may go to: its own, then those of its TLS routes.</param>
/// <param name="BytesToBackend">Bytes relayed from clients.</param>
/// <param name="BytesToClient">Bytes relayed from backends.</param>
public sealed record Layer4ListenerStatistics(
    string Name,
    IReadOnlyList<string> Addresses,
    Layer4Protocol Protocol,
    Layer4Mode Mode,
    string? Pool,
    SelectionPolicy? Policy,
    int Active,
    int? MaxConnections,
    int Queued,
    int Affinities,
    long Accepted,
    long Refused,
    IReadOnlyDictionary<string, long> Refusals,
    IReadOnlyList<string> Pools,
    long BytesToBackend,
    long BytesToClient);
