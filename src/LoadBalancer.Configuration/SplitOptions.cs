using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Gives a part of a route's requests to other pools (canary). A command changes the shares while it runs.</summary>
public sealed record SplitOptions
{
    /// <summary>Percent of the requests, 0 to 100, for each pool; together at most 100. The route's own pool gets the rest.</summary>
    [Description("Percent of the requests by pool, 0 to 100 each; together at most 100. The route's Pool gets the rest and must not be named.")]
    public Dictionary<string, int> Pools { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a cookie keeps a client on the pool that it was given, as long as that pool has a share. Default: true.</summary>
    [Description("Whether a cookie keeps a client on the pool that it was given, as long as that pool has a share. Default true.")]
    public bool Sticky { get; set; } = true;

    /// <summary>Name of the cookie. Default: <c>lb-split-</c> and the route's name.</summary>
    [Description("Name of the cookie; only where Sticky is true, and not that of SessionAffinity. Default: lb-split- and the route's name.")]
    public string? Cookie { get; set; }

    /// <summary>The cookie's name, for a route.</summary>
    /// <param name="route">The route.</param>
    /// <returns><see cref="Cookie"/>, or the default; characters that a cookie's name cannot have become <c>-</c>.</returns>
    public string CookieFor(string route) => Cookie ?? SessionAffinityOptions.DefaultCookie("lb-split-", route);
}
