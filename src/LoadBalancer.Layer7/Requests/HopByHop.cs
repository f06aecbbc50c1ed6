using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Requests;

/// <summary>
/// Headers that are meant for the next hop because <c>Connection</c> names them (RFC 9110 section 7.6.1). Those that
/// always are, YARP leaves out itself.
/// </summary>
internal static class HopByHop
{
    // Options that are no header, and headers that no hop sends on, among them those that whoever upgrades the connection still reads.
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Known = new[]
    {
        "", "close", "keep-alive", "Upgrade", "TE", "Trailer", "Transfer-Encoding", "HTTP2-Settings", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Removes what a request names.</summary>
    /// <returns>The fault of a request that names what says where it goes or ends.</returns>
    public static RequestFault? Check(IHeaderDictionary headers)
    {
        var connection = headers.Connection;
        if (connection.Count == 0)
        {
            return null;
        }

        var hadHost = headers.Host.Count > 0;
        var hadLength = headers.ContentLength is not null;
        Remove(headers, connection);
        return (hadHost && headers.Host.Count == 0) || (hadLength && headers.ContentLength is null)
            ? RequestFault.Malformed("Connection names a header that is not for the connection alone.")
            : null;
    }

    /// <summary>Removes what a message names.</summary>
    /// <param name="headers">The headers of the message.</param>
    /// <param name="connection">Its <c>Connection</c> header.</param>
    public static void Remove(IHeaderDictionary headers, StringValues connection)
    {
        foreach (var value in connection)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var option = value.AsSpan(range).Trim();
                if (!IsKnown(option))
                {
                    headers.Remove(option.ToString());
                }
            }
        }
    }

    /// <summary>Whether an option of <c>Connection</c> needs nothing to be removed.</summary>
    public static bool IsKnown(ReadOnlySpan<char> option) => Known.Contains(option);
}
