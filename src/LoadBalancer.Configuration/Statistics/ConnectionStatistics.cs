namespace LoadBalancer.Configuration.Statistics;

/// <summary>A row of the connection table.</summary>
/// <param name="Id">Number of the connection, from 1 in the order of acceptance.</param>
/// <param name="Listener">The listener that accepted it.</param>
/// <param name="Client">The client's address.</param>
/// <param name="Backend">The backend's name; null while it is being connected.</param>
/// <param name="BackendAddress">The backend's address; null while it is being connected.</param>
/// <param name="Since">When it was accepted, UTC.</param>
/// <param name="BytesToBackend">Bytes relayed from the client.</param>
/// <param name="BytesToClient">Bytes relayed from the backend.</param>
public sealed record ConnectionStatistics(
    long Id,
    string Listener,
    string Client,
    string? Backend,
    string? BackendAddress,
    DateTimeOffset Since,
    long BytesToBackend,
    long BytesToClient);
