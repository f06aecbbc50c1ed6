using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Sends copies of requests to another pool, whose answers are dropped. Clients notice nothing of it.</summary>
public sealed record MirrorOptions
{
    /// <summary>The pool that gets the copies.</summary>
    [Description("Pool that gets copies of requests; its answers are dropped. Must be given.")]
    public string? Pool { get; set; }

    /// <summary>Percent of the requests that are copied, 0 to 100. Default: 100.</summary>
    [Description("Percent of the requests that are copied, 0 to 100. Default 100.")]
    public int Percent { get; set; } = 100;

    /// <summary>Bytes of the largest body that is copied, 0 to 100,000,000; requests with a larger one are not. Default: 1,048,576 (1 MiB).</summary>
    [Description("Bytes of the largest body that is copied, 0 to 100000000; requests with a larger one are not. Default 1048576 (1 MiB).")]
    public int MaxBodySize { get; set; } = 1024 * 1024;
}
