using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>What every HTTP listener takes at most, whatever the route.</summary>
public sealed record Layer7LimitsOptions
{
    /// <summary>Client connections at a time on all HTTP listeners together, 1 to 1,000,000; more are closed at once. Default: no limit.</summary>
    [Description("Client connections at a time on all HTTP listeners together, 1 to 1000000; more are closed at once. Default: no limit.")]
    public int? MaxConnections { get; set; }

    /// <summary>Bytes that the headers of a request may have together, 1,024 to 1,048,576; more are answered with 431. Default: 32,768.</summary>
    [Description("Bytes that the headers of a request may have together, 1024 to 1048576; more are answered with 431. Default 32768.")]
    public int MaxRequestHeadersSize { get; set; } = 32_768;

    /// <summary>Bytes that the request line may have, 256 to 65,536; more are answered with 414. Default: 8,192.</summary>
    [Description("Bytes that the request line may have, 256 to 65536; more are answered with 414. Default 8192.")]
    public int MaxRequestLineSize { get; set; } = 8_192;

    /// <summary>Time in which the headers of a request must come, 1 s to 5 min. Default: 30 s.</summary>
    [Description("Time in which the headers of a request must come, 00:00:01 to 00:05:00. Default 00:00:30.")]
    public TimeSpan RequestHeadersTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that a client connection may stay open without a request, 1 s to 1 h. Default: 130 s.</summary>
    [Description("Time that a client connection may stay open without a request, 00:00:01 to 01:00:00. Default 00:02:10.")]
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);
}
