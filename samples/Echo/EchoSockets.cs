using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Echo;

/// <summary>The bound sockets: TCP, already listening, and UDP.</summary>
internal sealed record EchoSockets(Socket Tcp, Socket Udp) : IDisposable
{
    private const string TcpPort = "ECHO_TCP_PORT";
    private const string UdpPort = "ECHO_UDP_PORT";
    private const string InContainer = "DOTNET_RUNNING_IN_CONTAINER";

    /// <exception cref="InvalidPortException">A port is not one, or is taken.</exception>
    public static EchoSockets Bind(IConfiguration configuration)
    {
        var tcp = Bind(configuration, TcpPort, new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        tcp.Listen();
        return new(tcp, Bind(configuration, UdpPort, new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)));
    }

    public void Dispose()
    {
        Tcp.Dispose();
        Udp.Dispose();
    }

    private static Socket Bind(IConfiguration configuration, string variable, Socket socket)
    {
        var text = configuration[variable];
        if (!TryReadPort(text, out var port))
        {
            throw new InvalidPortException($"{variable} is '{text}'; it must be a port from 0 to {IPEndPoint.MaxPort} (0 or none: a free one is chosen).");
        }

        // Nobody reaches the loopback of a container from outside.
        var endPoint = new IPEndPoint(configuration.GetValue<bool>(InContainer) ? IPAddress.Any : IPAddress.Loopback, port);
        try
        {
            socket.Bind(endPoint);
            return socket;
        }
        catch (SocketException e)
        {
            throw new InvalidPortException($"{variable} is {port}; {endPoint} cannot be bound ({e.Message}), it must be a free port from 0 to {IPEndPoint.MaxPort} (0 or none: a free one is chosen).");
        }
    }

    private static bool TryReadPort(string? text, out int port)
    {
        port = 0;
        return string.IsNullOrEmpty(text)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort);
    }
}
