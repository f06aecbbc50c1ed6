using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>Active health checks of a pool's backends.</summary>
public sealed record HealthCheckOptions
{
    /// <summary>What a check does. Default: <see cref="HealthCheckType.Tcp"/>, which is not made where the service is <c>udp://</c>.</summary>
    [Description("What a check does: None, Tcp (connect) or Http (GET, 200-399 passes). Tcp is not made where the service is udp://. Default Tcp.")]
    public HealthCheckType Type { get; set; } = HealthCheckType.Tcp;

    /// <summary>The path of an HTTP check, starting with a slash. Default: <c>/</c>.</summary>
    [Description("Path of an Http check, starting with '/'. Default '/'.")]
    [Secret(SecretParts.Query)]
    public string Path { get; set; } = "/";

    /// <summary>Text that a TCP check sends once connected. Default: nothing.</summary>
    [Description("Text that a Tcp check sends once connected, at most 1024 characters. Default: nothing.")]
    [Secret]
    public string? Send { get; set; }

    /// <summary>Text that the answer to a TCP check must contain within the time-out. Default: none, a connection passes.</summary>
    [Description("Text that what the backend sends to a Tcp check must contain within the time-out, at most 1024 characters. Default: none, a connection passes.")]
    [Secret]
    public string? Expect { get; set; }

    /// <summary>Time from one check of a backend to the next, 100 ms to 1 h. Default: 2 s.</summary>
    [Description("Time between two checks of a backend, 00:00:00.1 to 01:00:00. Default 00:00:02.")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Time after which a check has failed, 10 ms to 1 min. Default: 1 s.</summary>
    [Description("Time after which a check has failed, 00:00:00.01 to 00:01:00. Default 00:00:01.")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Consecutive passes that make an unhealthy backend healthy again, 1 to 100. Default: 2.
    /// A backend that is new needs one.
    /// </summary>
    [Description("Consecutive passes that make an unhealthy backend healthy again, 1 to 100. Default 2. A new backend needs one.")]
    public int Rise { get; set; } = 2;

    /// <summary>Consecutive failures that make a healthy backend unhealthy, 1 to 100. Default: 3.</summary>
    [Description("Consecutive failures that make a healthy backend unhealthy, 1 to 100. Default 3.")]
    public int Fall { get; set; } = 3;
}
