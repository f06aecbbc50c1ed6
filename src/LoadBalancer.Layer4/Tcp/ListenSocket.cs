using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Opens the sockets of a listener's address.</summary>
internal static class ListenSocket
{
    private const int Backlog = 1024;

    /// <summary>Binds and listens on every address that <paramref name="address"/> stands for.</summary>
    /// <exception cref="ListenException">An address cannot be bound; none is left open then.</exception>
    public static IReadOnlyList<Socket> Open(string key, ListenAddress address)
    {
        var sockets = new List<Socket>();
        try
        {
            foreach (var endPoint in address.ToEndPoints())
            {
                // "localhost:0" is one port on both loopbacks: the second follows what the first was given.
                var port = endPoint.Port == 0 && sockets.Count > 0 ? ((IPEndPoint)sockets[0].LocalEndPoint!).Port : endPoint.Port;
                if (Open(new IPEndPoint(endPoint.Address, port), optional: sockets.Count > 0) is { } socket)
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

    private static Socket? Open(IPEndPoint endPoint, bool optional)
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

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = wildcard;
            }

            socket.Bind(endPoint);
            socket.Listen(Backlog);
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
