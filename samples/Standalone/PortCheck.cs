using System.Net;
using System.Net.Sockets;

namespace Standalone;

/// <summary>Looks before anything starts whether the fixed ports are free.</summary>
internal static class PortCheck
{
    /// <exception cref="StartException">Two options name the same port, or a port is taken.</exception>
    public static void Require(IReadOnlyList<PortOption> ports)
    {
        foreach (var same in ports.GroupBy(port => port.Port).Where(group => group.Count() > 1))
        {
            throw new StartException($"{string.Join(" and ", same.Select(port => port.Option))} are both {same.Key}; each must have its own port.");
        }

        foreach (var port in ports)
        {
            Require(port, static address =>
            {
                using var listener = new TcpListener(address);
                listener.Start();
            });
        }
    }

    /// <summary>UDP has ports of its own: the number may be in use for TCP.</summary>
    /// <exception cref="StartException">The port is taken.</exception>
    public static void RequireUdp(PortOption port) => Require(port, static address =>
    {
        using var client = new UdpClient(address);
    });

    private static void Require(PortOption port, Action<IPEndPoint> bind)
    {
        foreach (var loopback in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            if (IsTaken(new(loopback, port.Port), bind))
            {
                throw new StartException($"{new IPEndPoint(loopback, port.Port)} is taken by another process; {port.Option} chooses another port.");
            }
        }
    }

    private static bool IsTaken(IPEndPoint address, Action<IPEndPoint> bind)
    {
        try
        {
            bind(address);
            return false;
        }
        catch (SocketException e)
        {
            // Any other error, such as a machine without IPv6, says nothing about another process.
            return e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied;
        }
    }
}
