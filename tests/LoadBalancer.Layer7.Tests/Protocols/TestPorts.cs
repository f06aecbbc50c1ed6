using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer7.Tests.Protocols;

internal static class TestPorts
{
    /// <summary>A port that is free over TCP and UDP at this moment, for servers that bind both and cannot choose one themselves.</summary>
    public static int Free()
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(tcp.LocalEndPoint!);
        return ((IPEndPoint)tcp.LocalEndPoint!).Port;
    }
}
