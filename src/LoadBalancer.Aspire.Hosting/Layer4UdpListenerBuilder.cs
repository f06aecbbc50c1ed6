using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures a UDP listener of a Layer 4 load balancer. The datagrams of one client address and port are a session.</summary>
[AspireExport(ExposeMethods = true)]
public sealed class Layer4UdpListenerBuilder : Layer4ListenerBuilder<Layer4UdpListenerBuilder>
{
    internal Layer4UdpListenerBuilder()
        : base(Layer4Protocol.Udp)
    {
    }

    /// <summary>Limits the sessions at a time; datagrams of further clients are dropped. Default: 10,000.</summary>
    /// <param name="max">1 to 1,000,000.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="max"/> is out of range, or the listener uses NAT.</exception>
    public Layer4UdpListenerBuilder WithMaxSessions(int max) => With(Options with { MaxConnections = max }, nameof(max));

    /// <summary>Ends a session after so many replies, so that the next datagram picks a replica anew. Default: replies end none.</summary>
    /// <param name="replies">1 to 1,000,000, such as 1 for DNS.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="replies"/> is out of range, or the listener uses NAT.</exception>
    public Layer4UdpListenerBuilder WithMaxReplies(int replies) => With(Options with { MaxReplies = replies }, nameof(replies));
}
