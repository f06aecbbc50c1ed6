using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Nat;

/// <summary>What the kernel does with new connections to a listener's addresses.</summary>
/// <param name="Name">The listener's name.</param>
/// <param name="Number">Tells it from another of the same name: one may go while the other comes.</param>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Addresses">Addresses that clients connect to; the wildcard stands for every address of this machine.</param>
internal sealed record NatService(string Name, long Number, Layer4Protocol Protocol, IReadOnlyList<IPEndPoint> Addresses)
{
    /// <summary>How a slot is picked.</summary>
    public NatPick Pick { get; init; } = NatPick.InTurn;

    /// <summary>A backend for each slot, for IPv4 clients; empty refuses them.</summary>
    public IReadOnlyList<IPEndPoint> IPv4 { get; init; } = [];

    /// <summary>A backend for each slot, for IPv6 clients; empty refuses them.</summary>
    public IReadOnlyList<IPEndPoint> IPv6 { get; init; } = [];

    /// <summary>Networks that may connect; empty for all.</summary>
    public IReadOnlyList<IPNetwork> Allowed { get; init; } = [];

    /// <summary>Networks that may not connect.</summary>
    public IReadOnlyList<IPNetwork> Denied { get; init; } = [];

    /// <summary>How much of a client's address counts for <see cref="NatPick.ByClient"/>.</summary>
    public SourcePrefixOptions Prefix { get; init; } = new();

    /// <summary>Whether the kernel would do the same.</summary>
    public bool SaysTheSameAs(NatService other) =>
        Pick == other.Pick && Prefix == other.Prefix
        && IPv4.SequenceEqual(other.IPv4) && IPv6.SequenceEqual(other.IPv6)
        && Allowed.SequenceEqual(other.Allowed) && Denied.SequenceEqual(other.Denied);
}
