using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// Passive health: a backend that fails the traffic itself is ejected for a time, twice as long each time it fails
/// again, whatever its health checks say.
/// </summary>
public sealed record OutlierEjectionOptions
{
    /// <summary>
    /// Consecutive failures that eject a backend, 0 to 1,000; 0 never ejects. A failure is a connection that could not
    /// be made, or one that was reset before the backend's first byte. Default: 5.
    /// </summary>
    [Description("Consecutive failures (cannot be connected, or reset before the first byte) that eject a backend, 0 to 1000; 0 never ejects. Default 5.")]
    public int ConsecutiveFailures { get; set; } = 5;

    /// <summary>Whether Layer 7 also counts answers with a status of 500 to 599 as failures. Default: false.</summary>
    [Description("Whether Layer 7 also counts answers with a status of 500 to 599 as failures. Default false.")]
    public bool ServerErrors { get; set; }

    /// <summary>Failures in percent of the requests in <see cref="Window"/> that eject a backend, 0 to 100; 0 never does. Default: 0.</summary>
    [Description("Failures in percent of the connections and requests in Window that eject a backend, 0 to 100; 0 never does. Default 0.")]
    public int FailurePercent { get; set; }

    /// <summary>Time over which <see cref="FailurePercent"/> is counted, 1 s to 10 min. Default: 10 s.</summary>
    [Description("Time over which FailurePercent is counted, 00:00:01 to 00:10:00. Default 00:00:10.")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections and requests in <see cref="Window"/> below which <see cref="FailurePercent"/> ejects nobody, 1 to 1,000,000. Default: 20.</summary>
    [Description("Connections and requests in Window below which FailurePercent ejects nobody, 1 to 1000000. Default 20.")]
    public int MinimumRequests { get; set; } = 20;

    /// <summary>Time of the first ejection, 100 ms to 1 h. Doubles with each one that follows. Default: 5 s.</summary>
    [Description("Time of the first ejection, 00:00:00.1 to 01:00:00; doubles with each one that follows. Default 00:00:05.")]
    public TimeSpan BaseTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest ejection, 100 ms to 1 d. A backend that stays for this long starts from <see cref="BaseTime"/> again. Default: 5 min.</summary>
    [Description("Longest ejection, 00:00:00.1 to 1.00:00:00. A backend without an ejection for this long starts from BaseTime again. Default 00:05:00.")]
    public TimeSpan MaxTime { get; set; } = TimeSpan.FromMinutes(5);
}
