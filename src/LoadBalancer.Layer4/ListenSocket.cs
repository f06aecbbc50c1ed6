using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Udp;

namespace LoadBalancer.Layer4;

/// <summary>Opens the sockets of a listener's address.</summary>
internal static class ListenSocket
{
    // <asm-generic/socket.h>; .NET's own ReuseAddress is another option.
    private const int SocketLevel = 1;
    private const int ReusePort = 15;

    /// <summary>Binds, and for relayed TCP listens, on every address that <paramref name="address"/> stands for.</summary>
    /// <exception cref="ListenException">An address cannot be bound; none is left open then.</exception>
    public static IReadOnlyList<Socket> Open(string key, ListenAddress address, Layer4ListenerOptions options)
    {
        var sockets = new List<Socket>();
        try
        {
            foreach (var endPoint in address.ToEndPoints())
            {
                // "localhost:0" is one port on both loopbacks: the second follows what the first was given.
                var port = endPoint.Port == 0 && sockets.Count > 0 ? ((IPEndPoint)sockets[0].LocalEndPoint!).Port : endPoint.Port;
                if (Open(new IPEndPoint(endPoint.Address, port), options, optional: sockets.Count > 0) is { } socket)
                {
                    sockets.Add(socket);
                }
            }

            return sockets;
        }
        catch (SocketException exception)
        {
            sockets.ForEach(socket => socket.Dispose());
            throw new ListenException(key, address, exception);
        }
    }

    private static Socket? Open(IPEndPoint endPoint, Layer4ListenerOptions options, bool optional)
    {
        var wildcard = endPoint.Address.Equals(IPAddress.IPv6Any);
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
        {
            if (optional)
            {
                return null;
            }

            endPoint = wildcard ? new IPEndPoint(IPAddress.Any, endPoint.Port) : endPoint;
        }

        var isUdp = options.Protocol == Layer4Protocol.Udp;
        var socket = isUdp
            ? new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (options.ReusePort && OperatingSystem.IsLinux())
            {
                socket.SetRawSocketOption(SocketLevel, ReusePort, BitConverter.GetBytes(1));
            }

            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = wildcard;
            }

            if (isUdp && options.Mode == Layer4Mode.Relay)
            {
                DatagramSocket.Bind(socket, endPoint);
                return socket;
            }

            socket.Bind(endPoint);
            // In NAT mode the socket keeps the port from others; the kernel translates before it could get anything.
            if (options.Mode == Layer4Mode.Relay)
            {
                socket.Listen(options.Backlog);
            }

            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            // A machine may have IPv6 compiled in and no ::1.
            if (optional && exception.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                return null;
            }

            throw;
        }
    }
}
