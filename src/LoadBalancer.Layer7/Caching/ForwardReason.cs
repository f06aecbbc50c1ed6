namespace LoadBalancer.Layer7.Caching;

/// <summary>Why a request went to a backend (RFC 9211 section 2.2).</summary>
internal enum ForwardReason
{
    /// <summary>Nothing is stored for the address.</summary>
    Uri,

    /// <summary>What is stored is for requests with other headers.</summary>
    Vary,

    /// <summary>What is stored is not fresh.</summary>
    Stale,

    /// <summary>The request does not want what is stored.</summary>
    Request,

    /// <summary>The method is none that can be answered from memory.</summary>
    Method,

    /// <summary>The cache has nothing to do with requests of this kind.</summary>
    Bypass,
}
