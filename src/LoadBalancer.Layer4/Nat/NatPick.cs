namespace LoadBalancer.Layer4.Nat;

/// <summary>How the kernel goes through a listener's slots.</summary>
internal enum NatPick
{
    /// <summary>One after the other: <c>numgen inc</c>.</summary>
    InTurn,

    /// <summary>Any: <c>numgen random</c>.</summary>
    AtRandom,

    /// <summary>The same for the same client address: <c>jhash</c>.</summary>
    ByClient,
}
