using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Keeps a route's answers in memory, as a shared cache does (RFC 9111).</summary>
public sealed record RouteCacheOptions
{
    /// <summary>
    /// Fixed time for which a successful answer to GET and HEAD is served from memory, in place of what the answer
    /// itself says of freshness, 1 s to 1 d. What it says must not be stored still is not. Default: what the answer says.
    /// </summary>
    [Description("Fixed time for which an answer is served from memory in place of what it says of freshness, 00:00:01 to 1.00:00:00. Default: what the answer says (RFC 9111).")]
    public TimeSpan? Duration { get; set; }

    /// <summary>Tags of the route's answers, by which a command can purge them, beside those in the answer's <c>Cache-Tag</c> header.</summary>
    [Description("Tags of the route's answers, by which a command can purge them, beside those in the answer's Cache-Tag header.")]
    public string[] Tags { get; set; } = [];
}
