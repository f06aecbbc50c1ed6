using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Requests of a route at a time. More wait, and beyond the queue are answered with 503 and <c>Retry-After</c>.</summary>
public sealed record ConcurrencyLimitOptions
{
    /// <summary>Requests at a time, 1 to 1,000,000. Default: 100.</summary>
    [Description("Requests at a time, 1 to 1000000. Default 100.")]
    public int Requests { get; set; } = 100;

    /// <summary>Requests that may wait, first come, first served, 0 to 1,000,000; 0 refuses at once. Default: 1,000.</summary>
    [Description("Requests that may wait, first come, first served, 0 to 1000000; 0 refuses at once. Default 1000.")]
    public int QueueLength { get; set; } = 1_000;

    /// <summary>Time after which one that waits is refused, 1 ms to 10 min. Default: 5 s.</summary>
    [Description("Time after which one that waits is refused, 00:00:00.001 to 00:10:00. Default 00:00:05.")]
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
