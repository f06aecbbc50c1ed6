namespace LoadBalancer.Layer4.Tls;

/// <summary>What <see cref="ClientHelloReader"/> found.</summary>
internal readonly struct ClientHelloResult
{
    private readonly string[]? _applicationProtocols;

    private ClientHelloResult(ParseStatus status, string? serverName, string[]? applicationProtocols, string? reason)
    {
        Status = status;
        ServerName = serverName;
        _applicationProtocols = applicationProtocols;
        Reason = reason;
    }

    /// <summary>More bytes are needed.</summary>
    public static ClientHelloResult NeedMoreData => default;

    /// <summary>Whether there is a hello; the other members but <see cref="Reason"/> tell of a complete one.</summary>
    public ParseStatus Status { get; }

    /// <summary>The host that the client wants: lower case, no dot at the end, 1 to 253 characters; null when it names none.</summary>
    public string? ServerName { get; }

    /// <summary>What the client would speak within TLS, best first, each byte a character; empty when it does not say.</summary>
    public ReadOnlySpan<string> ApplicationProtocols => _applicationProtocols;

    /// <summary>Why it is malformed, in a few words; null when it is not.</summary>
    public string? Reason { get; }

    /// <summary>All of the hello is there.</summary>
    public static ClientHelloResult Complete(string? serverName, string[]? applicationProtocols) =>
        new(ParseStatus.Complete, serverName, applicationProtocols, reason: null);

    /// <summary>It is no hello.</summary>
    public static ClientHelloResult Malformed(string reason) => new(ParseStatus.Malformed, null, null, reason);
}
