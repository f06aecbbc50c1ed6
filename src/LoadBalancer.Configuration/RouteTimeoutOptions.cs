using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>How long a route waits for its backends. One that is too slow is answered with 504.</summary>
public sealed record RouteTimeoutOptions
{
    /// <summary>Time in which a backend must accept a connection, 10 ms to 5 min. Default: 5 s.</summary>
    [Description("Time in which a backend must accept a connection, 00:00:00.01 to 00:05:00; at most Total. Default 00:00:05.")]
    public TimeSpan Connect { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Time from the whole request sent until the answer's headers, for each attempt, 10 ms to 1 h. Default: no limit.</summary>
    [Description("Time from the request sent until the answer's headers, for each attempt, 00:00:00.01 to 01:00:00; at most Total. Default: no limit.")]
    public TimeSpan? FirstByte { get; set; }

    /// <summary>Time of a whole request with all its attempts, until the last byte, 10 ms to 1 d; upgraded connections (WebSocket) are not counted. Default: no limit.</summary>
    [Description("Time of a whole request with all its attempts, until the last byte, 00:00:00.01 to 1.00:00:00; not counted once upgraded (WebSocket). Default: no limit.")]
    public TimeSpan? Total { get; set; }

    /// <summary>Time without a byte in either direction after which a request or upgraded connection is ended, 100 ms to 1 d. Default: 100 s.</summary>
    [Description("Time without a byte in either direction after which a request or upgraded connection is ended, 00:00:00.1 to 1.00:00:00. Default 00:01:40.")]
    public TimeSpan Idle { get; set; } = TimeSpan.FromSeconds(100);
}
