namespace LoadBalancer.Layer4.Nat;

/// <summary>What the kernel translates; the names are those of nft and conntrack, in capitals.</summary>
internal enum NatProtocol
{
    Tcp,
    Udp,
}
