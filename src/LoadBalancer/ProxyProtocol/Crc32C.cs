using System.Numerics;

namespace LoadBalancer.ProxyProtocol;

/// <summary>The checksum of a header of version 2: CRC-32C (Castagnoli), as in RFC 9260 appendix A.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of a header, in which four bytes count as zero: those that hold the checksum.</summary>
    /// <param name="header">The header.</param>
    /// <param name="checksumAt">Where the checksum begins.</param>
    public static uint OfHeader(ReadOnlySpan<byte> header, int checksumAt)
    {
        var crc = Add(uint.MaxValue, header[..checksumAt]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Add(crc, header[(checksumAt + sizeof(uint))..]);
    }

    // The processor's instruction where there is one.
    private static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }
}
