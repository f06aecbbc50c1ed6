namespace LoadBalancer.Layer7.Caching;

/// <summary>Whether a stored answer does for a request.</summary>
internal enum Judgement
{
    /// <summary>It does.</summary>
    Fresh,

    /// <summary>It is stale, and the request takes stale ones.</summary>
    StaleAllowed,

    /// <summary>It is stale, and may be used while another is fetched.</summary>
    StaleWhileRevalidate,

    /// <summary>It is stale, or must not be used unasked.</summary>
    Stale,

    /// <summary>The request wants a newer one.</summary>
    RequestAsks,
}
