namespace LoadGenerator.Nat;

/// <summary>A row of the kernel's table.</summary>
internal sealed record NatRow(string Client, string Backend);
