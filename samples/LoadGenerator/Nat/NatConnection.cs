namespace LoadGenerator.Nat;

/// <summary>A connection, as its two ends see it.</summary>
internal sealed record NatConnection(int ClientPort, string Server, int SeenPort);
