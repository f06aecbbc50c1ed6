using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>A header field of an answer, found sound.</summary>
internal sealed class AnswerField(byte[]? line, string name, string value, FieldKind kind)
{
    /// <summary>Its bytes, where it is kept to be found again.</summary>
    public byte[]? Line => line;

    public string Name => name;

    public string Text => value;

    public StringValues Value { get; } = value;

    public FieldKind Kind => kind;

    /// <summary>A bit by which names that differ mostly differ.</summary>
    public ulong NameBit { get; } = 1UL << (StringComparer.OrdinalIgnoreCase.GetHashCode(name) & 63);
}
