using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>
/// Further attempts, each on another backend, where they are safe: nothing of the request was sent, or its method is
/// idempotent (RFC 9110 §9.2.2) and its body, if any, can be sent again.
/// </summary>
public sealed record RetryOptions
{
    /// <summary>Attempts in all, the first included, 1 to 10; 1 never retries. Default: 3.</summary>
    [Description("Attempts in all, the first included, 1 to 10; 1 never retries. Default 3.")]
    public int Attempts { get; set; } = 3;

    /// <summary>
    /// Retries in percent of the route's requests in the last 10 s, 0 to 100, beyond which none are made
    /// (3 are always allowed in that time, so that a quiet route has some). Requests of which nothing was sent do not count. Default: 20.
    /// </summary>
    [Description("Retries in percent of the route's requests in the last 10 s, 0 to 100, beyond which none are made; 3 are always allowed in that time. Default 20.")]
    public int Budget { get; set; } = 20;

    /// <summary>Longest pause before the first retry, 0 to 10 s; drawn at random up to it, and doubled with each further one. Default: 25 ms.</summary>
    [Description("Longest pause before the first retry, 00:00:00 to 00:00:10; drawn at random up to it, and doubled with each further one. Default 00:00:00.025.")]
    public TimeSpan BackOff { get; set; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Statuses that are retried as well, 500 to 599. Default: none, since the service has answered.</summary>
    [Description("Statuses that are retried as well, 500 to 599 each; not with one attempt. Default: none, since the service has answered.")]
    public int[] Statuses { get; set; } = [];
}
