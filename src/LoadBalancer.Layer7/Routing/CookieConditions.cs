using System.Text.Json;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;

namespace LoadBalancer.Layer7.Routing;

/// <summary>The cookies that a route asks for: metadata of its endpoint, read by <see cref="CookieMatcherPolicy"/>.</summary>
internal sealed class CookieConditions(IReadOnlyDictionary<string, string[]> cookies) : IRouteConditions
{
    private readonly (string Name, string[] Values)[] _cookies = [.. cookies.Select(cookie => (cookie.Key, cookie.Value))];

    public int Count => _cookies.Length;

    /// <summary>Puts the conditions where YARP compares them: a route of which only they change is another route.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ToMetadata(Configuration.RouteOptions route) => route.Cookies.Count == 0
        ? []
        : [new(nameof(Configuration.RouteOptions.Cookies), JsonSerializer.Serialize(route.Cookies, ConfigurationJsonContext.Default.DictionaryStringStringArray))];

    /// <summary>Gives a route's endpoint its conditions.</summary>
    public static void AddTo(IEndpointConventionBuilder endpoint, RouteConfig route)
    {
        if (route.Metadata?.GetValueOrDefault(nameof(Configuration.RouteOptions.Cookies)) is { } cookies)
        {
            endpoint.WithMetadata(new CookieConditions(JsonSerializer.Deserialize(cookies, ConfigurationJsonContext.Default.DictionaryStringStringArray)!));
        }
    }

    /// <summary>Whether a request has all of the cookies.</summary>
    public bool Hold(HttpContext context)
    {
        var header = context.Request.Headers.Cookie;
        foreach (var (name, values) in _cookies)
        {
            if (!Has(header, name, values))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Has(StringValues header, string name, string[] values)
    {
        foreach (var line in header)
        {
            foreach (var range in line.AsSpan().Split(';'))
            {
                var pair = line.AsSpan(range).Trim();
                var equals = pair.IndexOf('=');
                if (equals > 0 && pair[..equals].SequenceEqual(name) && (values.Length == 0 || IsOneOf(pair[(equals + 1)..], values)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsOneOf(ReadOnlySpan<char> value, string[] values)
    {
        // Quotes around a value are not part of what it says (RFC 6265 section 4.1.1).
        var plain = value is ['"', .., '"'] ? value[1..^1] : value;
        foreach (var allowed in values)
        {
            if (plain.SequenceEqual(allowed))
            {
                return true;
            }
        }

        return false;
    }
}
