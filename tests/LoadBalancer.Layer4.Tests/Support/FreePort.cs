using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>Ports of loopback for those who cannot choose one themselves.</summary>
internal static class FreePort
{
    /// <summary>A port that was free a moment ago. The kernel gives ports in no order, so the next taker is unlikely to get the same.</summary>
    public static int Next()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
