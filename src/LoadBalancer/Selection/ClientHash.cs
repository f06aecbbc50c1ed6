using System.IO.Hashing;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LoadBalancer.Selection;

/// <summary>Hashes a client's address for policies that keep a client on its backend.</summary>
public static class ClientHash
{
    /// <summary>Hashes an address; the port does not count, so that a client's connections stay together.</summary>
    /// <param name="address">The client's address; an IPv4 address mapped into IPv6 hashes like the IPv4 address.</param>
    /// <param name="ipv4Bits">Leading bits of an IPv4 address that count, 1 to 32.</param>
    /// <param name="ipv6Bits">Leading bits of an IPv6 address that count, 1 to 128.</param>
    /// <returns>A hash that is the same in every process; 0 for no address.</returns>
    public static ulong Of(IPAddress? address, int ipv4Bits = 32, int ipv6Bits = 128)
    {
        if (address is null)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var isMapped = address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6;
        var significant = isMapped ? bytes[12..16] : bytes[..length];
        Mask(significant, significant.Length == 4 ? ipv4Bits : ipv6Bits);
        return XxHash3.HashToUInt64(significant);
    }

    /// <summary>Hashes an address and a port.</summary>
    /// <param name="endPoint">The client's address and port.</param>
    /// <returns>A hash that is the same in every process.</returns>
    public static ulong Of(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Span<byte> bytes = stackalloc byte[10];
        BitConverter.TryWriteBytes(bytes, Of(endPoint.Address));
        BitConverter.TryWriteBytes(bytes[8..], (ushort)endPoint.Port);
        return XxHash3.HashToUInt64(bytes);
    }

    /// <summary>Hashes a text, such as a server name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>A hash that is the same in every process.</returns>
    public static ulong Of(ReadOnlySpan<char> text) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text));

    private static void Mask(Span<byte> address, int bits)
    {
        for (var i = 0; i < address.Length; i++)
        {
            var kept = Math.Clamp(bits - (i * 8), 0, 8);
            address[i] &= (byte)(0xff << (8 - kept));
        }
    }
}
