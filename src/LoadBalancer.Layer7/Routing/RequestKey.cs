using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace LoadBalancer.Layer7.Routing;

/// <summary>What consistent hashing hashes of a request: read where it is, without tables of cookies and parameters.</summary>
internal static class RequestKey
{
    /// <summary>Hashes what a route asks for; the client's address where the request does not have it.</summary>
    public static ulong Of(HttpContext context, RouteHashKeyOptions? key)
    {
        var text = key switch
        {
            { Header: { Length: > 0 } header } => context.Request.Headers[header] is [{ } first, ..] ? first : [],
            { Cookie: { Length: > 0 } cookie } => CookieHeader.Find(context.Request.Headers.Cookie, cookie),
            { Query: { Length: > 0 } query } => FindQuery(context.Request.QueryString, query),
            _ => [],
        };
        return text.IsEmpty ? ClientHash.Of(context.Connection.RemoteIpAddress) : ClientHash.Of(text);
    }

    private static ReadOnlySpan<char> FindQuery(QueryString query, string name)
    {
        foreach (var parameter in new QueryStringEnumerable(query.Value))
        {
            if (parameter.DecodeName().Span.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return parameter.DecodeValue().Span;
            }
        }

        return [];
    }
}
