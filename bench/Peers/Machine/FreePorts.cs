using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Peers.Machine;

/// <summary>
/// Ports on 127.0.0.1 that nobody listens on. They lie below those that the kernel gives to outgoing connections,
/// of which a measurement makes tens of thousands: one of these would sooner or later take the port.
/// </summary>
internal sealed class FreePorts
{
    private const int Lowest = 12000;

    private readonly int _end = int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t')[0], CultureInfo.InvariantCulture);
    private int _next;

    public FreePorts() => _next = Random.Shared.Next(Lowest, _end);

    /// <exception cref="BenchException">None is free.</exception>
    public int Take()
    {
        for (var tries = Lowest; tries < _end; tries++)
        {
            _next = _next + 1 < _end ? _next + 1 : Lowest;
            if (IsFree(_next))
            {
                return _next;
            }
        }

        throw new BenchException($"No port from {Lowest} to {_end - 1} is free on 127.0.0.1.");
    }

    public int[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Take())];

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
