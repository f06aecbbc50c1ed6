using System.Buffers.Binary;
using System.Text;

namespace LoadBalancer.Layer4.Tests.Tls;

/// <summary>A ClientHello made by hand, part by part, so that each part can be wrong.</summary>
internal sealed record Hello
{
    public const ushort ServerNameType = 0;
    public const ushort ApplicationProtocolsType = 16;

    public byte[] SessionId { get; init; } = new byte[32];

    public byte[] CipherSuites { get; init; } = [0x13, 0x01, 0x13, 0x02];

    public byte[] CompressionMethods { get; init; } = [0];

    /// <summary>Null for a hello that ends before them.</summary>
    public (ushort Type, byte[] Data)[]? Extensions { get; init; } = [];

    public static Hello Named(string name) => new() { Extensions = [(ServerNameType, ServerName(name))] };

    public static Hello Speaking(params string[] protocols) => new() { Extensions = [(ApplicationProtocolsType, ApplicationProtocols(protocols))] };

    public static byte[] ServerName(string name) => WithLength16(NameOfType(0, name));

    public static byte[] NameOfType(byte type, string name) => [type, .. WithLength16(Encoding.Latin1.GetBytes(name))];

    public static byte[] ApplicationProtocols(params string[] protocols) =>
        WithLength16([.. protocols.SelectMany(protocol => new[] { (byte)protocol.Length }.Concat(Encoding.Latin1.GetBytes(protocol)))]);

    public static byte[] WithLength16(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];

    /// <summary>The message without its type and length.</summary>
    public byte[] ToBody()
    {
        byte[] start =
        [
            3, 3, .. Enumerable.Repeat((byte)0x5A, 32),
            (byte)SessionId.Length, .. SessionId,
            .. WithLength16(CipherSuites),
            (byte)CompressionMethods.Length, .. CompressionMethods,
        ];
        return Extensions is null
            ? start
            : [.. start, .. WithLength16([.. Extensions.SelectMany(extension => new[] { (byte)(extension.Type >> 8), (byte)extension.Type }.Concat(WithLength16(extension.Data)))])];
    }

    /// <summary>The message in one record.</summary>
    public byte[] ToRecord() => Record(Message(ToBody()));

    public static byte[] Message(byte[] body) => [1, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];

    public static byte[] Record(ReadOnlySpan<byte> fragment, byte type = 22, ushort version = 0x0301)
    {
        var record = new byte[5 + fragment.Length];
        record[0] = type;
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(1), version);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(3), (ushort)fragment.Length);
        fragment.CopyTo(record.AsSpan(5));
        return record;
    }

    /// <summary>The message in records of at most that many bytes.</summary>
    public static byte[] Records(byte[] message, int fragmentLength) => [.. message.Chunk(fragmentLength).SelectMany(fragment => Record(fragment))];
}
