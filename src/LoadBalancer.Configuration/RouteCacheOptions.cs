using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Keeps a route's successful answers to GET and HEAD in memory.</summary>
public sealed record RouteCacheOptions
{
    /// <summary>How long an answer is served from memory, 1 s to 1 d. Default: 30 s.</summary>
    [Description("How long an answer is served from memory, 00:00:01 to 1.00:00:00. Default 00:00:30.")]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(30);
}
