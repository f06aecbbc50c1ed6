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

    /// <summary>Time of the first ejection, 100 ms to 1 h. Doubles with each one that follows. Default: 5 s.</summary>
    [Description("Time of the first ejection, 00:00:00.1 to 01:00:00; doubles with each one that follows. Default 00:00:05.")]
    public TimeSpan BaseTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest ejection, 100 ms to 1 d. A backend that stays for this long starts from <see cref="BaseTime"/> again. Default: 5 min.</summary>
    [Description("Longest ejection, 00:00:00.1 to 1.00:00:00. A backend without an ejection for this long starts from BaseTime again. Default 00:05:00.")]
    public TimeSpan MaxTime { get; set; } = TimeSpan.FromMinutes(5);
}
