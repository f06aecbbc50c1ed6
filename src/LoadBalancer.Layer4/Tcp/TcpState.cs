using System.Net.Sockets;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Asks the kernel in which state of RFC 9293 §3.3.2 a connection is.</summary>
internal static class TcpState
{
    // <netinet/tcp.h>: struct tcp_info starts with the state.
    private const int Level = 6;
    private const int Info = 11;
    private const byte Closed = 7;

    /// <summary>Whether nothing is left of a connection: after a reset, or after both sides have finished. Known of TCP on Linux; elsewhere false.</summary>
    public static bool IsClosed(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.AddressFamily == AddressFamily.Unix)
        {
            return false;
        }

        Span<byte> state = [0];
        return socket.GetRawSocketOption(Level, Info, state) == 1 && state[0] == Closed;
    }
}
