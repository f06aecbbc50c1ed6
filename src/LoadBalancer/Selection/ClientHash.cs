using System.IO.Hashing;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Selection;

/// <summary>Hashes a client's address for policies that keep a client on its backend.</summary>
public static class ClientHash
{
    /// <summary>Hashes an address; the port does not count, so that a client's connections stay together.</summary>
    /// <param name="address">The client's address; an IPv4 address mapped into IPv6 hashes like the IPv4 address.</param>
    /// <returns>A hash that is the same in every process; 0 for no address.</returns>
    public static ulong Of(IPAddress? address)
    {
        if (address is null)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var significant = address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6 ? bytes[12..16] : bytes[..length];
        return XxHash3.HashToUInt64(significant);
    }
}
