namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>What a header field is to a forwarder.</summary>
internal enum FieldKind
{
    /// <summary>Passed on as it is.</summary>
    Plain,

    /// <summary>Passed on, and never kept in memory: it is one client's own.</summary>
    Personal,

    /// <summary>Of one connection, not of the message (RFC 9110 §7.6.1), or not for a proxy to pass on: dropped.</summary>
    Dropped,

    /// <summary><c>Connection</c>: says whether it stays open, and which other fields go no further.</summary>
    Connection,

    /// <summary><c>Content-Length</c>: set by framing.</summary>
    ContentLength,

    /// <summary><c>Transfer-Encoding</c>: set by framing.</summary>
    TransferEncoding,

    /// <summary><c>Host</c>: becomes the backend's.</summary>
    Host,

    /// <summary><c>X-Forwarded-Prefix</c>: grows by the prefix that the backend does not see.</summary>
    ForwardedPrefix,

    /// <summary>Has a URL, which may be the backend's own and is rewritten then.</summary>
    Location,

    /// <summary>Set from the current span, where there is one.</summary>
    Trace,
}
