namespace LoadGenerator.Nat;

/// <summary>What was seen in the namespace.</summary>
/// <param name="Translated">Connections through the listener in NAT mode.</param>
/// <param name="Relayed">Connections through the relay.</param>
/// <param name="Table">The rows of those in NAT mode.</param>
/// <param name="Rule">The rule of nftables by which the kernel chooses.</param>
internal sealed record NatFindings(IReadOnlyList<NatConnection> Translated, IReadOnlyList<NatConnection> Relayed, IReadOnlyList<NatRow> Table, string Rule);
