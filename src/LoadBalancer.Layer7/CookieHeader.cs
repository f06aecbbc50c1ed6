using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7;

/// <summary>Reads cookies where they are (RFC 6265 section 4.2.1), without a table of all of them.</summary>
internal static class CookieHeader
{
    /// <summary>Finds a cookie.</summary>
    /// <param name="header">The header's values.</param>
    /// <param name="name">The cookie's name, in its case.</param>
    /// <returns>Its value as it was sent; of several the first. Empty when there is none.</returns>
    public static ReadOnlySpan<char> Find(StringValues header, string name)
    {
        // HTTP/2 may send each cookie as a field of its own (RFC 9113 section 8.2.3).
        foreach (var line in header)
        {
            var rest = line.AsSpan();
            while (!rest.IsEmpty)
            {
                var end = rest.IndexOf(';');
                var pair = (end < 0 ? rest : rest[..end]).Trim(' ');
                if (pair.Length > name.Length && pair[name.Length] == '=' && pair.StartsWith(name, StringComparison.Ordinal))
                {
                    return pair[(name.Length + 1)..];
                }

                rest = end < 0 ? [] : rest[(end + 1)..];
            }
        }

        return [];
    }
}
