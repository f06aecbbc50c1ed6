using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer4.Udp;

/// <summary>
/// A socket that a UDP listener is bound to. A client is known by a <see cref="SocketAddress"/>: its address, and where
/// the socket stands for all local addresses and the system tells it (Linux), the one that the client sent to.
/// </summary>
internal sealed class DatagramSocket : IDisposable
{
    // What waits while a burst is relayed; the system may grant less (Linux: net.core.rmem_max).
    public const int BufferSize = 4 * 1024 * 1024;

    // <asm-generic/socket.h>.
    private const int SocketLevel = 1;
    private const int ReuseAddress = 2;

    private readonly Socket _socket;
    private readonly bool _tellsLocalAddress;

    public DatagramSocket(Socket socket)
    {
        _socket = socket;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _tellsLocalAddress = OperatingSystem.IsLinux() && (EndPoint.Address.Equals(IPAddress.Any) || EndPoint.Address.Equals(IPAddress.IPv6Any));
        _socket.ReceiveBufferSize = BufferSize;
        if (_tellsLocalAddress)
        {
            PacketInformation.Enable(_socket);
        }
    }

    /// <summary>What it is bound to.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>An address to receive into.</summary>
    public SocketAddress CreateAddress() => new(_socket.AddressFamily, AddressLength);

    /// <summary>Where a client sent to.</summary>
    public IPEndPoint LocalOf(SocketAddress client)
    {
        if (!_tellsLocalAddress)
        {
            return EndPoint;
        }

        var address = new IPAddress(PacketInformation.LocalAddressOf(client.Buffer.Span[..AddressLength]));
        return new(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, EndPoint.Port);
    }

    /// <summary>Receives a datagram if it can tell at once that there is one.</summary>
    /// <param name="buffer">Gets the datagram.</param>
    /// <param name="client">Gets where it came from, and where it was sent to.</param>
    /// <param name="length">The datagram's length.</param>
    /// <returns>Whether there is one; if not, <see cref="ReceiveAsync"/> is next.</returns>
    public bool TryReceive(Span<byte> buffer, SocketAddress client, out int length)
    {
        length = _tellsLocalAddress ? PacketInformation.Receive(_socket, buffer, client.Buffer.Span[..AddressLength]) : -1;
        return length >= 0;
    }

    /// <summary>Waits for a datagram and receives it, or where the socket tells local addresses leaves it to <see cref="TryReceive"/>.</summary>
    /// <param name="buffer">Gets the datagram.</param>
    /// <param name="client">Gets where it came from.</param>
    /// <param name="isReceived">Whether the datagram is received when the task ends.</param>
    /// <returns>The datagram's length.</returns>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, SocketAddress client, out bool isReceived)
    {
        isReceived = !_tellsLocalAddress;
        return isReceived
            ? _socket.ReceiveFromAsync(buffer, SocketFlags.None, client)
            : _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.Peek);
    }

    /// <summary>Sends a datagram from the address that the client sent to; it is lost when the system does not take it.</summary>
    /// <returns>Whether it was taken.</returns>
    public bool TrySend(ReadOnlySpan<byte> datagram, SocketAddress client)
    {
        try
        {
            if (_tellsLocalAddress)
            {
                return PacketInformation.TrySend(_socket, datagram, client.Buffer.Span[..AddressLength]);
            }

            _socket.SendTo(datagram, SocketFlags.None, client);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // No route, too long for the client's family, or the listener is gone.
            return false;
        }
    }

    /// <summary>Lets another socket of this process have the address while this one still sends replies: a listener that went may come back before it is drained.</summary>
    public void AllowSuccessor()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            SetReuseAddress(_socket, true);
        }
        catch (ObjectDisposedException)
        {
            // A listener may be stopped twice: when it goes, and with the process.
        }
    }

    /// <summary>Binds where a socket that allows a successor may be bound still, and nobody else's.</summary>
    public static void Bind(Socket socket, IPEndPoint endPoint)
    {
        if (!OperatingSystem.IsLinux())
        {
            socket.Bind(endPoint);
            return;
        }

        // Both sides must want it, and of the two the kernel gives datagrams to the younger.
        SetReuseAddress(socket, true);
        socket.Bind(endPoint);
        SetReuseAddress(socket, false);
    }

    public void Dispose() => _socket.Dispose();

    private int AddressLength => _tellsLocalAddress
        ? PacketInformation.LengthOf(_socket.AddressFamily)
        : SocketAddress.GetMaximumAddressSize(_socket.AddressFamily);

    private static void SetReuseAddress(Socket socket, bool on) =>
        socket.SetRawSocketOption(SocketLevel, ReuseAddress, BitConverter.GetBytes(on ? 1 : 0));
}
