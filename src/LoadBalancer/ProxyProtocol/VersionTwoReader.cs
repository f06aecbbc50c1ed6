using System.Buffers.Binary;
using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.ProxyProtocol;

/// <summary>Reads a header of version 2 (proxy-protocol.txt §2.2).</summary>
internal static class VersionTwoReader
{
    /// <summary>The length of what every header has: signature, command, family and transport, length of the rest.</summary>
    public const int FixedLength = 16;

    /// <summary>Type of the vector with the checksum of the header.</summary>
    public const byte ChecksumType = 0x03;

    /// <summary>Type of the vector with the connection's id.</summary>
    public const byte UniqueIdType = 0x05;

    /// <summary>The longest id in bytes.</summary>
    public const int MaxUniqueIdLength = 128;

    private const int UnspecifiedFamily = 0;
    private const int IPv4Family = 1;
    private const int IPv6Family = 2;
    private const int UnixFamily = 3;

    /// <summary>How every header begins.</summary>
    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads a header of which the beginning agrees with <see cref="Signature"/>.</summary>
    public static ProxyHeaderResult Read(ReadOnlySpan<byte> bytes)
    {
        const int VersionAndCommand = 12;
        const int FamilyAndTransport = 13;
        const int Length = 14;

        if (bytes.Length <= VersionAndCommand)
        {
            return ProxyHeaderResult.NeedMoreData;
        }

        if (bytes[VersionAndCommand] >> 4 != (int)ProxyProtocolVersion.V2)
        {
            return ProxyHeaderResult.Malformed("unknown version");
        }

        var command = (ProxyCommand)(bytes[VersionAndCommand] & 0x0F);
        if (command is not (ProxyCommand.Local or ProxyCommand.Proxy))
        {
            return ProxyHeaderResult.Malformed("unknown command");
        }

        if (bytes.Length <= FamilyAndTransport)
        {
            return ProxyHeaderResult.NeedMoreData;
        }

        // A receiver must ignore a local connection's family, and so cannot tell addresses from vectors either.
        var family = command == ProxyCommand.Local ? UnspecifiedFamily : bytes[FamilyAndTransport] >> 4;
        var transport = command == ProxyCommand.Local ? ProxyTransport.Unspecified : (ProxyTransport)(bytes[FamilyAndTransport] & 0x0F);
        if (family > UnixFamily || transport > ProxyTransport.Datagram)
        {
            return ProxyHeaderResult.Malformed("unknown family or transport");
        }

        if (bytes.Length < FixedLength)
        {
            return ProxyHeaderResult.NeedMoreData;
        }

        var total = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[Length..]);
        if (total > ProxyHeaderReader.MaxLength)
        {
            return ProxyHeaderResult.Malformed("header too long");
        }

        var addressesLength = AddressesLength(family);
        if (total < FixedLength + addressesLength)
        {
            return ProxyHeaderResult.Malformed("no room for the addresses");
        }

        if (bytes.Length < total)
        {
            return ProxyHeaderResult.NeedMoreData;
        }

        ReadOnlyMemory<byte> uniqueId = default;
        if (family != UnspecifiedFamily && ReadVectors(bytes[..total], FixedLength + addressesLength, out uniqueId) is { } reason)
        {
            return ProxyHeaderResult.Malformed(reason);
        }

        var addresses = bytes.Slice(FixedLength, addressesLength);
        var hasEndPoints = transport != ProxyTransport.Unspecified && family is IPv4Family or IPv6Family;
        var (source, destination) = hasEndPoints ? ReadEndPoints(addresses) : default;
        return ProxyHeaderResult.Complete(total, new(ProxyProtocolVersion.V2, command, transport, source, destination, uniqueId));
    }

    private static int AddressesLength(int family) => family switch
    {
        IPv4Family => 2 * (4 + sizeof(ushort)),
        IPv6Family => 2 * (16 + sizeof(ushort)),
        UnixFamily => 2 * 108,
        _ => 0,
    };

    // Both addresses, then both ports.
    private static (IPEndPoint Source, IPEndPoint Destination) ReadEndPoints(ReadOnlySpan<byte> addresses)
    {
        var ports = addresses[^(2 * sizeof(ushort))..];
        var addressLength = (addresses.Length - ports.Length) / 2;
        return (
            new(new IPAddress(addresses[..addressLength]), BinaryPrimitives.ReadUInt16BigEndian(ports)),
            new(new IPAddress(addresses.Slice(addressLength, addressLength)), BinaryPrimitives.ReadUInt16BigEndian(ports[sizeof(ushort)..])));
    }

    // Returns what is wrong with them, or null.
    private static string? ReadVectors(ReadOnlySpan<byte> header, int start, out ReadOnlyMemory<byte> uniqueId)
    {
        uniqueId = default;
        var hasUniqueId = false;
        var hasChecksum = false;
        for (var reader = new SpanReader(header[start..]); !reader.IsAtEnd;)
        {
            if (!reader.TryReadByte(out var type) || !reader.TryReadWithUInt16Length(out var value))
            {
                return "vector longer than the header";
            }

            switch (type)
            {
                case ChecksumType when hasChecksum:
                case UniqueIdType when hasUniqueId:
                    return "vector given twice";

                case ChecksumType:
                    hasChecksum = true;
                    if (value.Length != sizeof(uint))
                    {
                        return "bad length of the checksum";
                    }

                    var end = header.Length - reader.Rest.Length;
                    if (BinaryPrimitives.ReadUInt32BigEndian(value) != Crc32C.OfHeader(header, end - sizeof(uint)))
                    {
                        return "wrong checksum";
                    }

                    break;

                case UniqueIdType:
                    hasUniqueId = true;
                    if (value.Length > MaxUniqueIdLength)
                    {
                        return "unique id too long";
                    }

                    uniqueId = value.ToArray();
                    break;
            }
        }

        return null;
    }
}
