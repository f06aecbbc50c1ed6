namespace LoadBalancer.Configuration.Statistics;

/// <summary>A Layer 7 listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Where it listens.</param>
/// <param name="Protocols">The HTTP version.</param>
public sealed record Layer7ListenerStatistics(
    string Name,
    IReadOnlyList<string> Addresses,
    HttpListenerProtocols Protocols);
