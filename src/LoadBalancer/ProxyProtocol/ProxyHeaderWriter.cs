using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.ProxyProtocol;

/// <summary>Writes the header that tells a backend who the client is (proxy-protocol.txt §2). Allocates nothing.</summary>
internal static class ProxyHeaderWriter
{
    /// <summary>The longest header in bytes: one of version 2 with IPv6 addresses and an id of 128 bytes.</summary>
    public const int MaxLength = VersionTwoReader.FixedLength + (2 * (IPv6Length + sizeof(ushort))) + VectorHeaderLength + VersionTwoReader.MaxUniqueIdLength;

    private const int IPv4Length = 4;
    private const int IPv6Length = 16;
    private const int VectorHeaderLength = 3;

    /// <summary>Writes a header for a TCP connection.</summary>
    /// <param name="buffer">Where to; at least <see cref="MaxLength"/> bytes.</param>
    /// <param name="version">Version 1 or 2.</param>
    /// <param name="source">
    /// The client. IPv4 addresses mapped into IPv6, as sockets for both have them, are written as IPv4; when only one of the
    /// two addresses is IPv4, that one is written mapped.
    /// </param>
    /// <param name="destination">
    /// Where the client connected to. When this or <paramref name="source"/> is null, the header says so: <c>UNKNOWN</c> in
    /// version 1, <c>LOCAL</c> in version 2.
    /// </param>
    /// <param name="uniqueId">An id of the connection, at most 128 bytes; empty for none. Version 1 and <c>LOCAL</c> have no place for it.</param>
    /// <returns>The length of the header in bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The version is neither of the two, the buffer is too short or the id too long.</exception>
    public static int Write(Span<byte> buffer, ProxyProtocolVersion version, IPEndPoint? source, IPEndPoint? destination, ReadOnlySpan<byte> uniqueId = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffer.Length, MaxLength, nameof(buffer));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(uniqueId.Length, VersionTwoReader.MaxUniqueIdLength, nameof(uniqueId));
        var isUnknown = source is null || destination is null;
        Span<byte> from = stackalloc byte[IPv6Length];
        Span<byte> to = stackalloc byte[IPv6Length];
        if (!isUnknown && WriteMapped(source!.Address, from) & WriteMapped(destination!.Address, to))
        {
            from = from[^IPv4Length..];
            to = to[^IPv4Length..];
        }

        return (version, isUnknown) switch
        {
            (ProxyProtocolVersion.V1, true) => WriteUnknownLine(buffer),
            (ProxyProtocolVersion.V1, false) => WriteLine(buffer, from, to, source!.Port, destination!.Port),
            (ProxyProtocolVersion.V2, true) => WriteBinaryStart(buffer, ProxyCommand.Local, familyAndTransport: 0, restLength: 0),
            (ProxyProtocolVersion.V2, false) => WriteBinary(buffer, from, to, source!.Port, destination!.Port, uniqueId),
            _ => throw new ArgumentOutOfRangeException(nameof(version), version, "must be version 1 or 2"),
        };
    }

    // Returns whether it is an IPv4 address.
    private static bool WriteMapped(IPAddress address, Span<byte> bytes)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            address.TryWriteBytes(bytes, out _);
            return address.IsIPv4MappedToIPv6;
        }

        bytes[..10].Clear();
        bytes[10..12].Fill(0xFF);
        address.TryWriteBytes(bytes[12..], out _);
        return true;
    }

    private static int WriteUnknownLine(Span<byte> buffer)
    {
        var line = "PROXY UNKNOWN\r\n"u8;
        line.CopyTo(buffer);
        return line.Length;
    }

    private static int WriteLine(Span<byte> buffer, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, int fromPort, int toPort)
    {
        var length = Append(buffer, 0, from.Length == IPv4Length ? "PROXY TCP4 "u8 : "PROXY TCP6 "u8);
        length = AppendAddress(buffer, length, from);
        length = Append(buffer, length, " "u8);
        length = AppendAddress(buffer, length, to);
        length = Append(buffer, length, " "u8);
        length = AppendNumber(buffer, length, fromPort);
        length = Append(buffer, length, " "u8);
        length = AppendNumber(buffer, length, toPort);
        return Append(buffer, length, "\r\n"u8);
    }

    // IPv6 is written without "::": the protocol knows neither the scopes nor the dotted ends that IPAddress would write.
    private static int AppendAddress(Span<byte> buffer, int length, ReadOnlySpan<byte> address)
    {
        var isIPv4 = address.Length == IPv4Length;
        for (var i = 0; i < address.Length; i += isIPv4 ? 1 : 2)
        {
            if (i > 0)
            {
                length = Append(buffer, length, isIPv4 ? "."u8 : ":"u8);
            }

            length = isIPv4
                ? AppendNumber(buffer, length, address[i])
                : AppendNumber(buffer, length, BinaryPrimitives.ReadUInt16BigEndian(address[i..]), 'x');
        }

        return length;
    }

    private static int AppendNumber(Span<byte> buffer, int length, int number, char format = 'D')
    {
        Utf8Formatter.TryFormat(number, buffer[length..], out var written, new StandardFormat(format));
        return length + written;
    }

    private static int Append(Span<byte> buffer, int length, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer[length..]);
        return length + bytes.Length;
    }

    private static int WriteBinary(Span<byte> buffer, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, int fromPort, int toPort, ReadOnlySpan<byte> uniqueId)
    {
        const byte TcpOverIPv4 = 0x11;
        const byte TcpOverIPv6 = 0x21;

        var restLength = from.Length + to.Length + (2 * sizeof(ushort)) + (uniqueId.IsEmpty ? 0 : VectorHeaderLength + uniqueId.Length);
        var length = WriteBinaryStart(buffer, ProxyCommand.Proxy, from.Length == IPv4Length ? TcpOverIPv4 : TcpOverIPv6, restLength);
        length = Append(buffer, length, from);
        length = Append(buffer, length, to);
        length = AppendUInt16(buffer, length, fromPort);
        length = AppendUInt16(buffer, length, toPort);
        if (!uniqueId.IsEmpty)
        {
            buffer[length++] = VersionTwoReader.UniqueIdType;
            length = AppendUInt16(buffer, length, uniqueId.Length);
            length = Append(buffer, length, uniqueId);
        }

        return length;
    }

    private static int WriteBinaryStart(Span<byte> buffer, ProxyCommand command, byte familyAndTransport, int restLength)
    {
        var length = Append(buffer, 0, VersionTwoReader.Signature);
        buffer[length++] = (byte)(((int)ProxyProtocolVersion.V2 << 4) | (int)command);
        buffer[length++] = familyAndTransport;
        return AppendUInt16(buffer, length, restLength);
    }

    private static int AppendUInt16(Span<byte> buffer, int length, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(buffer[length..], (ushort)value);
        return length + sizeof(ushort);
    }
}
