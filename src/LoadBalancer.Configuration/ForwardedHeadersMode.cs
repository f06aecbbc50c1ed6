namespace LoadBalancer.Configuration;

/// <summary>How backends are told who the client is and what it asked for.</summary>
public enum ForwardedHeadersMode
{
    /// <summary>By <c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Host</c>.</summary>
    XForwarded,

    /// <summary>By <c>Forwarded</c> (RFC 7239).</summary>
    Forwarded,

    /// <summary>By both.</summary>
    Both,

    /// <summary>Not at all; what clients send under these names is dropped.</summary>
    None,
}
