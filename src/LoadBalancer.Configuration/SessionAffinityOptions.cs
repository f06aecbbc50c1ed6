using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Keeps a client on the backend of its first request, by a cookie.</summary>
public sealed record SessionAffinityOptions
{
    /// <summary>
    /// Name of the cookie. Default: <c>lb-affinity-</c> and the pool's name, so that the cookies of two pools do not
    /// replace each other.
    /// </summary>
    [Description("Name of the cookie. Default: lb-affinity- and the pool's name.")]
    public string? Cookie { get; set; }

    /// <summary>The cookie's name, for a route to a pool.</summary>
    /// <param name="pool">The pool.</param>
    /// <returns><see cref="Cookie"/>, or the default; characters that a cookie's name cannot have become <c>-</c>.</returns>
    public string CookieFor(string pool) =>
        Cookie ?? $"lb-affinity-{string.Concat(pool.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-'))}";
}
