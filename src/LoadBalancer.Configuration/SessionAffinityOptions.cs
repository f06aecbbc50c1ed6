using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Keeps a client on the backend of its first request.</summary>
public sealed record SessionAffinityOptions
{
    /// <summary>What tells sessions apart. Default: <see cref="SessionAffinityMode.Cookie"/>.</summary>
    [Description("What tells sessions apart: Cookie or Header (signed by the balancer), or Source (the client's address). Default Cookie.")]
    public SessionAffinityMode Mode { get; set; } = SessionAffinityMode.Cookie;

    /// <summary>
    /// Name of the cookie. Default: <c>lb-affinity-</c> and the pool's name, so that the cookies of two pools do not
    /// replace each other.
    /// </summary>
    [Description("Name of the cookie; only where Mode is Cookie. Default: lb-affinity- and the pool's name.")]
    public string? Cookie { get; set; }

    /// <summary>Browsers' rule for the cookie. Default: <see cref="CookieSameSite.Lax"/>. <see cref="CookieSameSite.None"/> works over TLS only.</summary>
    [Description("Browsers' rule for the cookie: Lax, Strict or None (over TLS only). Default Lax.")]
    public CookieSameSite SameSite { get; set; } = CookieSameSite.Lax;

    /// <summary>Name of the header of <see cref="SessionAffinityMode.Header"/>. Default: <c>X-Session-Affinity</c>.</summary>
    [Description("Name of the header; only where Mode is Header. Default X-Session-Affinity.")]
    public string Header { get; set; } = "X-Session-Affinity";

    /// <summary>What happens when the session's backend is gone or takes no requests. Default: <see cref="AffinityFailure.Repick"/>.</summary>
    [Description("What happens when the session's backend is gone or takes no requests: Repick, or Refuse (503). Default Repick.")]
    public AffinityFailure WhenGone { get; set; } = AffinityFailure.Repick;

    /// <summary>
    /// Time after which a session is forgotten, 1 s to 30 d: the cookie's <c>Max-Age</c>, and for
    /// <see cref="SessionAffinityMode.Source"/> the time without a request. Not for <see cref="SessionAffinityMode.Header"/>. Default: until the browser ends; for <see cref="SessionAffinityMode.Source"/> 30 min.
    /// </summary>
    [Description("Time after which a session is forgotten, 00:00:01 to 30.00:00:00: the cookie's Max-Age, and for Source the time without a request. Not for Header. Default: until the browser ends; for Source 00:30:00.")]
    public TimeSpan? Expiry { get; set; }

    /// <summary>The cookie's name, for a route to a pool.</summary>
    /// <param name="pool">The pool.</param>
    /// <returns><see cref="Cookie"/>, or the default; characters that a cookie's name cannot have become <c>-</c>.</returns>
    public string CookieFor(string pool) => Cookie ?? DefaultCookie("lb-affinity-", pool);

    internal static string DefaultCookie(string prefix, string name) =>
        $"{prefix}{string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-'))}";
}
