namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>What reading the head of an answer came to.</summary>
internal enum HeadStatus
{
    /// <summary>More has to come.</summary>
    Incomplete,

    /// <summary>It was read.</summary>
    Complete,

    /// <summary>It is malformed.</summary>
    Refused,
}
