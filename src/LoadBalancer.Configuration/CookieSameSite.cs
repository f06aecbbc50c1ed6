namespace LoadBalancer.Configuration;

/// <summary>Whether browsers send a cookie with requests that other sites cause (RFC 6265bis §5.7.7).</summary>
public enum CookieSameSite
{
    /// <summary>When a link is followed, and not otherwise.</summary>
    Lax,

    /// <summary>Never.</summary>
    Strict,

    /// <summary>Always, over TLS.</summary>
    None,
}
