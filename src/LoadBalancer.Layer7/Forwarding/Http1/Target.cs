using System.Net.Sockets;
using System.Text;
using LoadBalancer.Backends;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>A backend as this way of forwarding sees it.</summary>
internal sealed class Target(Backend backend, ConnectionSweep sweep)
{
    private const string DefaultPort = ":80";
    private const string LocalHost = "localhost";

    /// <summary>Its connections.</summary>
    public ConnectionPool Connections { get; } = new(backend.EndPoint, sweep);

    /// <summary>Its URL.</summary>
    public Uri Url { get; } = new(backend.Url);

    /// <summary>The host that it is told, where that is not of its URL; null where it is.</summary>
    public string? OtherHost { get; } = backend.EndPoint is UnixDomainSocketEndPoint ? LocalHost : null;

    /// <summary>What <c>Host</c> says to it.</summary>
    public byte[] Host { get; } = Encoding.ASCII.GetBytes(HostOf(backend.Id));

    private static string HostOf(string id) =>
        // RFC 9112 §3.2 wants a host; a path is none.
        id.StartsWith("unix:", StringComparison.Ordinal) ? LocalHost
        : id.EndsWith(DefaultPort, StringComparison.Ordinal) ? id[..^DefaultPort.Length]
        : id;
}
