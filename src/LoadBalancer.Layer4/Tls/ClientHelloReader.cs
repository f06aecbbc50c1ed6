using System.Buffers;
using System.Buffers.Binary;

namespace LoadBalancer.Layer4.Tls;

/// <summary>
/// Reads the first message of a TLS client, as far as a balancer that does not decrypt wants to know it: the server's name
/// and the protocols offered. TLS 1.0 to 1.3 (RFC 8446 §4.1.2 and §5.1, RFC 6066 §3, RFC 7301 §3.1).
/// </summary>
/// <remarks>Versions are not judged: that is the server's task, and RFC 8446 §5.1 says to ignore a record's.</remarks>
internal static class ClientHelloReader
{
    /// <summary>How many bytes a caller should be willing to hold while more are needed, unless it has a limit of its own.</summary>
    public const int DefaultMaxLength = 16 * 1024;

    private const int RecordHeaderLength = 5;
    private const int MaxFragmentLength = 1 << 14;
    private const int MessageHeaderLength = 4;

    // Version, random, and the shortest session id, cipher suites and compression methods with their lengths.
    private const int MinBodyLength = 2 + RandomLength + 1 + 2 + 2 + 1 + 1;
    private const int MaxBodyLength = 1 << 16;
    private const int RandomLength = 32;
    private const int MaxSessionIdLength = 32;

    private const byte HandshakeRecord = 22;
    private const byte MajorVersion = 3;
    private const byte ClientHelloMessage = 1;

    /// <summary>Reads what the client has sent so far. Does not throw, and takes what follows the hello for somebody else's.</summary>
    /// <param name="bytes">All bytes from the connection's first on.</param>
    public static ClientHelloResult Read(ReadOnlySpan<byte> bytes)
    {
        var messageHeader = 0u;
        var seen = 0;
        for (var rest = bytes; ;)
        {
            if (!rest.IsEmpty && rest[0] != HandshakeRecord)
            {
                return ClientHelloResult.Malformed(seen == 0 ? "not a TLS handshake" : "another record within the hello");
            }

            if (rest.Length > 1 && rest[1] != MajorVersion)
            {
                return ClientHelloResult.Malformed("unknown record version");
            }

            if (rest.Length < RecordHeaderLength)
            {
                return ClientHelloResult.NeedMoreData;
            }

            var fragmentLength = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            if (fragmentLength is 0 or > MaxFragmentLength)
            {
                return ClientHelloResult.Malformed("record length out of range");
            }

            var fragment = rest[RecordHeaderLength..Math.Min(rest.Length, RecordHeaderLength + fragmentLength)];
            if (seen == 0 && !fragment.IsEmpty && fragment[0] != ClientHelloMessage)
            {
                return ClientHelloResult.Malformed("another handshake message than a hello");
            }

            for (var i = 0; i < fragment.Length && seen + i < MessageHeaderLength; i++)
            {
                messageHeader = (messageHeader << 8) | fragment[i];
            }

            if (seen + fragment.Length >= MessageHeaderLength)
            {
                var bodyLength = (int)(messageHeader & 0xFFFFFF);
                if (bodyLength is < MinBodyLength or > MaxBodyLength)
                {
                    return ClientHelloResult.Malformed("hello length out of range");
                }

                // A client cannot go on before the server has answered.
                if (seen + fragmentLength > MessageHeaderLength + bodyLength)
                {
                    return ClientHelloResult.Malformed("record longer than the hello");
                }

                if (seen + fragment.Length == MessageHeaderLength + bodyLength)
                {
                    return seen == 0 ? ReadBody(fragment[MessageHeaderLength..]) : ReadFragmentedBody(bytes, MessageHeaderLength + bodyLength);
                }
            }

            if (fragment.Length < fragmentLength)
            {
                return ClientHelloResult.NeedMoreData;
            }

            seen += fragmentLength;
            rest = rest[(RecordHeaderLength + fragmentLength)..];
        }
    }

    private static ClientHelloResult ReadFragmentedBody(ReadOnlySpan<byte> records, int messageLength)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(messageLength);
        var filled = 0;
        while (filled < messageLength)
        {
            var fragment = records.Slice(RecordHeaderLength, BinaryPrimitives.ReadUInt16BigEndian(records[3..]));
            fragment.CopyTo(buffer.AsSpan(filled));
            filled += fragment.Length;
            records = records[(RecordHeaderLength + fragment.Length)..];
        }

        var result = ReadBody(buffer.AsSpan(MessageHeaderLength, messageLength - MessageHeaderLength));
        ArrayPool<byte>.Shared.Return(buffer);
        return result;
    }

    private static ClientHelloResult ReadBody(ReadOnlySpan<byte> body)
    {
        var reader = new SpanReader(body);
        if (!reader.TryReadUInt16(out _) || !reader.TryRead(RandomLength, out _)
            || !reader.TryReadWithByteLength(out var sessionId) || sessionId.Length > MaxSessionIdLength)
        {
            return ClientHelloResult.Malformed("bad session id");
        }

        if (!reader.TryReadWithUInt16Length(out var cipherSuites) || cipherSuites.IsEmpty || cipherSuites.Length % 2 != 0)
        {
            return ClientHelloResult.Malformed("bad cipher suites");
        }

        if (!reader.TryReadWithByteLength(out var compressionMethods) || compressionMethods.IsEmpty)
        {
            return ClientHelloResult.Malformed("bad compression methods");
        }

        // Before TLS 1.3 a hello may end here.
        if (reader.IsAtEnd)
        {
            return ClientHelloResult.Complete(serverName: null, applicationProtocols: null);
        }

        if (!reader.TryReadWithUInt16Length(out var extensions) || !reader.IsAtEnd)
        {
            return ClientHelloResult.Malformed("bad length of extensions");
        }

        return ReadExtensions(extensions);
    }

    private static ClientHelloResult ReadExtensions(ReadOnlySpan<byte> extensions)
    {
        const int ServerNameExtension = 0;
        const int ApplicationProtocolsExtension = 16;

        var reader = new SpanReader(extensions);
        var hasServerName = false;
        string? serverName = null;
        string[]? applicationProtocols = null;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadUInt16(out var type) || !reader.TryReadWithUInt16Length(out var extension))
            {
                return ClientHelloResult.Malformed("bad extension");
            }

            switch (type)
            {
                case ServerNameExtension when hasServerName:
                case ApplicationProtocolsExtension when applicationProtocols is not null:
                    return ClientHelloResult.Malformed("extension given twice");

                case ServerNameExtension:
                    hasServerName = true;
                    if (!TryReadServerName(extension, out serverName))
                    {
                        return ClientHelloResult.Malformed("bad server name");
                    }

                    break;

                case ApplicationProtocolsExtension:
                    if (!TryReadApplicationProtocols(extension, out applicationProtocols))
                    {
                        return ClientHelloResult.Malformed("bad application protocols");
                    }

                    break;
            }
        }

        return ClientHelloResult.Complete(serverName, applicationProtocols);
    }

    private static bool TryReadServerName(ReadOnlySpan<byte> extension, out string? serverName)
    {
        const byte HostName = 0;

        serverName = null;
        var reader = new SpanReader(extension);
        if (!reader.TryReadWithUInt16Length(out var list) || list.IsEmpty || !reader.IsAtEnd)
        {
            return false;
        }

        reader = new SpanReader(list);
        var hasHostName = false;
        while (!reader.IsAtEnd)
        {
            // Names of types to come have a length of two bytes too (RFC 6066 §3).
            if (!reader.TryReadByte(out var type) || !reader.TryReadWithUInt16Length(out var name))
            {
                return false;
            }

            if (type == HostName)
            {
                if (hasHostName || !ServerNames.TryRead(name, out serverName))
                {
                    return false;
                }

                hasHostName = true;
            }
        }

        return true;
    }

    private static bool TryReadApplicationProtocols(ReadOnlySpan<byte> extension, out string[]? protocols)
    {
        protocols = null;
        var reader = new SpanReader(extension);
        if (!reader.TryReadWithUInt16Length(out var list) || list.IsEmpty || !reader.IsAtEnd)
        {
            return false;
        }

        var count = 0;
        for (reader = new SpanReader(list); !reader.IsAtEnd;)
        {
            if (!reader.TryReadWithByteLength(out var protocol) || protocol.IsEmpty)
            {
                return false;
            }

            count += IsGrease(protocol) ? 0 : 1;
        }

        protocols = count == 0 ? [] : new string[count];
        reader = new SpanReader(list);
        for (var i = 0; i < count;)
        {
            reader.TryReadWithByteLength(out var protocol);
            if (!IsGrease(protocol))
            {
                protocols[i++] = ApplicationProtocols.ToString(protocol);
            }
        }

        return true;
    }

    // Values that mean nothing, sent so that servers stay tolerant of new ones: 0A0A, 1A1A, … FAFA (RFC 8701 §2).
    private static bool IsGrease(ReadOnlySpan<byte> protocol) =>
        protocol.Length == 2 && (protocol[0] & 0x0F) == 0x0A && protocol[0] == protocol[1];
}
