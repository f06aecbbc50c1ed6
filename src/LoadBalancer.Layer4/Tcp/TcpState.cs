using System.Net.Sockets;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Asks the kernel how a TCP connection stands. It says so on Linux only.</summary>
internal static class TcpState
{
    // <netinet/tcp.h> and <linux/tcp.h>: struct tcp_info starts with the state of RFC 9293 §3.3.2.
    private const int Level = 6;
    private const int Info = 11;
    private const int UnacknowledgedOffset = 24;
    private const int NotSentOffset = 144;
    private const int Length = 148;
    private const byte Closed = 7;

    /// <summary>Whether nothing is left of a connection: after a reset, or after both sides have finished. Where the kernel does not say: false.</summary>
    public static bool IsClosed(Socket socket)
    {
        Span<byte> state = [0];
        return IsKnown(socket) && socket.GetRawSocketOption(Level, Info, state) == 1 && state[0] == Closed;
    }

    /// <summary>Whether the peer has acknowledged all that was sent. Where the kernel does not say: true.</summary>
    public static bool IsDelivered(Socket socket)
    {
        Span<byte> info = stackalloc byte[Length];
        return !IsKnown(socket) || socket.GetRawSocketOption(Level, Info, info) < Length
            || (BitConverter.ToInt32(info[UnacknowledgedOffset..]) == 0 && BitConverter.ToInt32(info[NotSentOffset..]) == 0);
    }

    private static bool IsKnown(Socket socket) => OperatingSystem.IsLinux() && socket.AddressFamily != AddressFamily.Unix;
}
