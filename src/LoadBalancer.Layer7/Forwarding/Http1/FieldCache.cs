using System.Buffers.Binary;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Fields that backends sent lately, by their bytes. Most fields of most answers are the same as before: finding them
/// here saves reading, checking and making strings of them. Each has one place, and the newest stays.
/// </summary>
internal static class FieldCache
{
    private const int Places = 1_024;
    private const int LongestLine = 256;

    private static readonly AnswerField?[] Fields = new AnswerField?[Places];

    /// <summary>The field that a line is; null when it has not been seen lately.</summary>
    public static AnswerField? Find(ReadOnlySpan<byte> line)
    {
        var field = Volatile.Read(ref Fields[PlaceOf(line)]);
        return field is not null && line.SequenceEqual(field.Line) ? field : null;
    }

    /// <summary>Whether a field of this kind and length may be kept.</summary>
    public static bool MayKeep(ReadOnlySpan<byte> line, FieldKind kind) => kind is not (FieldKind.Personal or FieldKind.Location) && line.Length <= LongestLine;

    /// <summary>Keeps a field.</summary>
    public static void Keep(AnswerField field) => Volatile.Write(ref Fields[PlaceOf(field.Line)], field);

    // The ends differ where the middle does, near enough: a collision costs only time.
    private static int PlaceOf(ReadOnlySpan<byte> line)
    {
        if (line.Length < sizeof(ulong))
        {
            return line.Length;
        }

        var mixed = (BinaryPrimitives.ReadUInt64LittleEndian(line) ^ (ulong)line.Length) * 0x9E3779B97F4A7C15
            ^ BinaryPrimitives.ReadUInt64LittleEndian(line[^sizeof(ulong)..]) * 0xC2B2AE3D27D4EB4F;
        return (int)((mixed * 0x9E3779B97F4A7C15) >> 54);
    }
}
