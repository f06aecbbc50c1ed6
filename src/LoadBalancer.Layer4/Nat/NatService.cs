using System.Net;

namespace LoadBalancer.Layer4.Nat;

/// <summary>What the kernel does with new connections to a listener's addresses.</summary>
/// <param name="Name">The listener's name.</param>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Addresses">Addresses that clients connect to; the wildcard stands for every address of this machine.</param>
/// <param name="Pick">How a slot is picked.</param>
/// <param name="IPv4">A backend for each slot, for IPv4 clients; empty refuses them.</param>
/// <param name="IPv6">A backend for each slot, for IPv6 clients; empty refuses them.</param>
internal sealed record NatService(
    string Name,
    NatProtocol Protocol,
    IReadOnlyList<IPEndPoint> Addresses,
    NatPick Pick,
    IReadOnlyList<IPEndPoint> IPv4,
    IReadOnlyList<IPEndPoint> IPv6);
