using System.ComponentModel;

namespace LoadBalancer.Configuration;

/// <summary>A TCP listener whose connections are relayed, byte for byte, to a pool.</summary>
public sealed record Layer4ListenerOptions
{
    /// <summary>Where clients connect: an IP address, <c>localhost</c> (both loopbacks) or <c>*</c> (all), and a port; 0 takes a free one.</summary>
    [Description("Where clients connect: IP address, localhost (both loopbacks) or * (all), and a port 0-65535 (0 takes a free one).")]
    public string? Address { get; set; }

    /// <summary>The pool that gets the connections.</summary>
    [Description("Pool that gets the connections.")]
    public string? Pool { get; set; }

    /// <summary>Overrides the pool's policy for this listener.</summary>
    [Description("Overrides the pool's policy for this listener.")]
    public SelectionPolicy? Policy { get; set; }

    /// <summary>Time in which a backend must accept, 10 ms to 5 min. Default: 5 s.</summary>
    [Description("Time in which a backend must accept, 00:00:00.01 to 00:05:00. Default 00:00:05.")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Backends that are tried for one connection before it is reset, 1 to 16. Default: 3.</summary>
    [Description("Backends that are tried for one connection before it is reset, 1 to 16. Default 3.")]
    public int ConnectAttempts { get; set; } = 3;

    /// <summary>Time without a byte in either direction after which a connection is closed, 1 s to 7 d. Default: 10 min.</summary>
    [Description("Time without a byte in either direction after which a connection is closed, 00:00:01 to 7.00:00:00. Default 00:10:00.")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(10);
}
