using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Transforms;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>Changes the cookies that the backend sets; the balancer's own stay as they are.</summary>
internal sealed class SetCookieTransform : ResponseTransform
{
    private const string Header = "Set-Cookie";

    private readonly List<CookieRule> _rules = [];

    public void Add(CookieRule rule) => _rules.Add(rule);

    public override ValueTask ApplyAsync(ResponseTransformContext context)
    {
        if (context.ProxyResponse is not { } response || !response.Headers.NonValidated.TryGetValues(Header, out var ofBackend))
        {
            return default;
        }

        HashSet<string> known = [.. ofBackend];
        var headers = context.HttpContext.Response.Headers;
        headers.SetCookie = new StringValues([.. headers.SetCookie.Select(cookie => cookie is not null && known.Contains(cookie) ? Rewrite(cookie) : cookie)]);
        return default;
    }

    private string Rewrite(string cookie)
    {
        var parts = cookie.Split(';', StringSplitOptions.TrimEntries).ToList();
        var equals = parts[0].IndexOf('=');
        if (equals < 0)
        {
            return cookie;
        }

        foreach (var rule in _rules.Where(rule => rule.IsFor(parts[0].AsSpan(0, equals))))
        {
            rule.Apply(parts);
        }

        return string.Join("; ", parts);
    }
}
