using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>Comparison of entity tags (RFC 9110 section 8.8.3.2).</summary>
internal static class EntityTag
{
    /// <summary>Whether one of a list matches, weak or strong: what <c>If-None-Match</c> asks.</summary>
    public static bool MatchesWeakly(StringValues list, string? tag)
    {
        foreach (var line in list)
        {
            for (ReadOnlySpan<char> rest = line; !rest.IsEmpty;)
            {
                var end = HeaderList.EndOfMember(rest);
                var member = rest[..end].Trim();
                if (member is "*" || (tag is not null && Opaque(member).SequenceEqual(Opaque(tag))))
                {
                    return true;
                }

                rest = end == rest.Length ? [] : rest[(end + 1)..];
            }
        }

        return false;
    }

    /// <summary>Whether both are strong and the same: what <c>If-Range</c> asks.</summary>
    public static bool MatchesStrongly(ReadOnlySpan<char> left, ReadOnlySpan<char> right) =>
        left is ['"', ..] && left.SequenceEqual(right);

    private static ReadOnlySpan<char> Opaque(ReadOnlySpan<char> tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
}
