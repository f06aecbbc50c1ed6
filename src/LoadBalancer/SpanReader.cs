using System.Buffers.Binary;

namespace LoadBalancer;

/// <summary>Reads numbers in network byte order and pieces with a length in front of them, and never past the end.</summary>
internal ref struct SpanReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>What has not been read.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    /// <summary>Whether everything has been read.</summary>
    public readonly bool IsAtEnd => Rest.IsEmpty;

    /// <summary>Reads one byte; false, and nothing read, when it is not there.</summary>
    public bool TryReadByte(out byte value)
    {
        if (!TryRead(1, out var bytes))
        {
            value = 0;
            return false;
        }

        value = bytes[0];
        return true;
    }

    /// <summary>Reads two bytes as a number; false, and nothing read, when they are not there.</summary>
    public bool TryReadUInt16(out ushort value)
    {
        if (!TryRead(sizeof(ushort), out var bytes))
        {
            value = 0;
            return false;
        }

        value = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return true;
    }

    /// <summary>Reads that many bytes; false, and nothing read, when they are not there.</summary>
    public bool TryRead(int length, out ReadOnlySpan<byte> bytes)
    {
        if (length > Rest.Length)
        {
            bytes = default;
            return false;
        }

        bytes = Rest[..length];
        Rest = Rest[length..];
        return true;
    }

    /// <summary>Reads a length of one byte and that many bytes.</summary>
    public bool TryReadWithByteLength(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return TryReadByte(out var length) && TryRead(length, out bytes);
    }

    /// <summary>Reads a length of two bytes and that many bytes.</summary>
    public bool TryReadWithUInt16Length(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return TryReadUInt16(out var length) && TryRead(length, out bytes);
    }
}
