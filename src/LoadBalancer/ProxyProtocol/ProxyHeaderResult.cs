namespace LoadBalancer.ProxyProtocol;

/// <summary>What <see cref="ProxyHeaderReader"/> found.</summary>
internal readonly struct ProxyHeaderResult
{
    private ProxyHeaderResult(ParseStatus status, int consumed, ProxyHeader? header, string? reason)
    {
        Status = status;
        Consumed = consumed;
        Header = header;
        Reason = reason;
    }

    /// <summary>More bytes are needed.</summary>
    public static ProxyHeaderResult NeedMoreData => default;

    /// <summary>Whether there is a header.</summary>
    public ParseStatus Status { get; }

    /// <summary>The length of a complete header in bytes: what the client sent begins there. 0 unless complete.</summary>
    public int Consumed { get; }

    /// <summary>The header; null unless complete.</summary>
    public ProxyHeader? Header { get; }

    /// <summary>Why it is malformed, in a few words; null when it is not.</summary>
    public string? Reason { get; }

    /// <summary>All of the header is there.</summary>
    public static ProxyHeaderResult Complete(int consumed, ProxyHeader header) => new(ParseStatus.Complete, consumed, header, reason: null);

    /// <summary>It is no header.</summary>
    public static ProxyHeaderResult Malformed(string reason) => new(ParseStatus.Malformed, consumed: 0, header: null, reason);
}
