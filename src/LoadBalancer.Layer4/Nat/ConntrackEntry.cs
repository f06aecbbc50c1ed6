using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Nat;

/// <summary>A connection that the kernel translates.</summary>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="State">The state of a TCP connection, such as <c>ESTABLISHED</c>; null for UDP.</param>
/// <param name="Timeout">Time without a packet after which the kernel forgets it; null where that is not kept.</param>
/// <param name="Client">The client's address.</param>
/// <param name="Address">The address that the client connected to.</param>
/// <param name="Backend">The address that it is translated to.</param>
/// <param name="SeenAs">The address that the backend sees: the client's, or the balancer's.</param>
/// <param name="BytesToBackend">Bytes of packets from the client; null when the kernel does not count (<c>net.netfilter.nf_conntrack_acct</c>).</param>
/// <param name="BytesToClient">Bytes of packets from the backend; null when the kernel does not count.</param>
internal sealed record ConntrackEntry(
    Layer4Protocol Protocol,
    string? State,
    TimeSpan? Timeout,
    IPEndPoint Client,
    IPEndPoint Address,
    IPEndPoint Backend,
    IPEndPoint SeenAs,
    long? BytesToBackend,
    long? BytesToClient)
{
    /// <summary>Whether both sides may still send.</summary>
    public bool IsOpen => State is not ("TIME_WAIT" or "CLOSE");
}
