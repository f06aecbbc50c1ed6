namespace LoadBalancer.Configuration.Statistics;

/// <summary>A row of the connection table: a connection, a UDP session, or in NAT mode an entry of the kernel's table.</summary>
/// <param name="Id">Number of the connection, from 1 in the order of acceptance.</param>
/// <param name="Listener">The listener that accepted it.</param>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Mode">Relay or NAT.</param>
/// <param name="Client">The client's address: as a trusted proxy told it, where one did.</param>
/// <param name="Pool">The pool; null while it is not known.</param>
/// <param name="Backend">The backend's name; null while it is being connected.</param>
/// <param name="BackendAddress">The backend's address; null while it is being connected.</param>
/// <param name="ServerName">The server name of its TLS ClientHello; null where none was read.</param>
/// <param name="Since">When it was accepted, UTC; null in NAT mode, where the kernel does not say.</param>
/// <param name="BytesToBackend">Bytes relayed from the client.</param>
/// <param name="BytesToClient">Bytes relayed from the backend.</param>
public sealed record ConnectionStatistics(
    long Id,
    string Listener,
    Layer4Protocol Protocol,
    Layer4Mode Mode,
    string Client,
    string? Pool,
    string? Backend,
    string? BackendAddress,
    string? ServerName,
    DateTimeOffset? Since,
    long BytesToBackend,
    long BytesToClient);
