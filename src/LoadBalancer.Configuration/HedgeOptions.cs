using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// Sends a slow idempotent request without a body to a second backend, and takes the answer that comes first
/// (Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013). Hedged requests count against the retry budget.
/// </summary>
public sealed record HedgeOptions
{
    /// <summary>Time without an answer's headers after which the next backend is asked, 1 ms to 1 min. Default: 200 ms.</summary>
    [Description("Time without an answer's headers after which the next backend is asked, 00:00:00.001 to 00:01:00; at most Timeouts:FirstByte and Timeouts:Total. Default 00:00:00.2.")]
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Backends that may be asked at the same time, 2 to 5. Default: 2.</summary>
    [Description("Backends that may be asked at the same time, 2 to 5. Default 2.")]
    public int MaxParallel { get; set; } = 2;
}
