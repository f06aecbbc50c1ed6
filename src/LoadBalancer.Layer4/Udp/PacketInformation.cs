using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LoadBalancer.Layer4.Udp;

/// <summary>
/// Receives a datagram with the local address that it was sent to, and sends one from that address: <c>IP_PKTINFO</c>
/// of Linux, see ip(7), and for IPv6 RFC 3542 §6. A peer is the sockaddr of its address, then the local address; .NET
/// would allocate three objects a datagram for the same.
/// </summary>
internal static unsafe partial class PacketInformation
{
    // <linux/in.h>, <linux/in6.h>, <asm-generic/socket.h> and <asm-generic/errno-base.h>.
    private const int LevelIPv4 = 0;
    private const int InformationIPv4 = 8;
    private const int LevelIPv6 = 41;
    private const int ReceiveInformationIPv6 = 49;
    private const int InformationIPv6 = 50;
    private const int DontWait = 0x40;
    private const int Interrupted = 4;
    private const int TryAgain = 11;

    private const int PeerLengthIPv4 = 16;
    private const int PeerLengthIPv6 = 28;
    private const int ControlLength = 128;

    /// <summary>Length of a peer: the sockaddr and a local address.</summary>
    public static int LengthOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? PeerLengthIPv6 + 16 : PeerLengthIPv4 + 4;

    /// <summary>The local address of a peer.</summary>
    public static ReadOnlySpan<byte> LocalAddressOf(ReadOnlySpan<byte> peer) => peer[PeerLengthOf(peer)..];

    /// <summary>Makes the kernel say where a datagram was sent to.</summary>
    public static void Enable(Socket socket)
    {
        ReadOnlySpan<byte> on = [1, 0, 0, 0];
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // On a dual-stack socket it tells of IPv4 too, as an address mapped into IPv6.
            socket.SetRawSocketOption(LevelIPv6, ReceiveInformationIPv6, on);
        }
        else
        {
            socket.SetRawSocketOption(LevelIPv4, InformationIPv4, on);
        }
    }

    /// <summary>Receives a datagram if there is one.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">Gets the datagram.</param>
    /// <param name="peer">Gets the client's address and the local one.</param>
    /// <returns>The datagram's length; -1 when there is none.</returns>
    /// <exception cref="SocketException">The kernel says no.</exception>
    public static int Receive(Socket socket, Span<byte> buffer, Span<byte> peer)
    {
        var peerLength = peer.Length == LengthOf(AddressFamily.InterNetworkV6) ? PeerLengthIPv6 : PeerLengthIPv4;
        peer.Clear();
        var control = stackalloc byte[ControlLength];
        fixed (byte* data = buffer, name = peer)
        {
            var vector = new Vector { Base = data, Length = (nuint)buffer.Length };
            var message = new Message { Name = name, NameLength = (uint)peerLength, Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlLength };
            while (true)
            {
                var received = ReceiveMessage(socket.SafeHandle, &message, DontWait);
                if (received >= 0)
                {
                    ReadLocalAddress(new ReadOnlySpan<byte>(control, (int)message.ControlLength), peer[peerLength..]);
                    return (int)received;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        break;
                    case TryAgain:
                        return -1;
                    default:
                        throw new SocketException((int)SocketError.SocketError);
                }
            }
        }
    }

    /// <summary>Sends a datagram from the local address of a peer; it is lost when the kernel does not take it.</summary>
    /// <returns>Whether it was taken.</returns>
    public static bool TrySend(Socket socket, ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> peer)
    {
        var peerLength = PeerLengthOf(peer);
        var isIPv6 = peerLength == PeerLengthIPv6;
        var control = stackalloc byte[ControlLength];
        var controlLength = WriteLocalAddress(new Span<byte>(control, ControlLength), peer[peerLength..], isIPv6);
        fixed (byte* data = datagram, name = peer)
        {
            var vector = new Vector { Base = data, Length = (nuint)datagram.Length };
            var message = new Message { Name = name, NameLength = (uint)peerLength, Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (nuint)controlLength };
            while (true)
            {
                if (SendMessage(socket.SafeHandle, &message, DontWait) >= 0)
                {
                    return true;
                }

                if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    return false;
                }
            }
        }
    }

    private static int PeerLengthOf(ReadOnlySpan<byte> peer) => peer.Length == LengthOf(AddressFamily.InterNetworkV6) ? PeerLengthIPv6 : PeerLengthIPv4;

    private static void ReadLocalAddress(ReadOnlySpan<byte> control, Span<byte> local)
    {
        while (control.Length >= sizeof(ControlHeader))
        {
            var header = MemoryMarshal.Read<ControlHeader>(control);
            var data = control[sizeof(ControlHeader)..(int)header.Length];
            switch (header.Level, header.Type)
            {
                // struct in6_pktinfo starts with the address.
                case (LevelIPv6, InformationIPv6) when local.Length == 16:
                    data[..16].CopyTo(local);
                    return;
                // struct in_pktinfo: index of the interface, then the local address.
                case (LevelIPv4, InformationIPv4) when local.Length == 4:
                    data[4..8].CopyTo(local);
                    return;
            }

            control = control[Math.Min(control.Length, Align((int)header.Length))..];
        }
    }

    // The interface is left to routing, as for any other reply: the way back need not be the way here.
    private static int WriteLocalAddress(Span<byte> control, ReadOnlySpan<byte> local, bool isIPv6)
    {
        var length = sizeof(ControlHeader) + (isIPv6 ? 20 : 12);
        control[..Align(length)].Clear();
        MemoryMarshal.Write(control, isIPv6
            ? new ControlHeader { Length = (nuint)length, Level = LevelIPv6, Type = InformationIPv6 }
            : new ControlHeader { Length = (nuint)length, Level = LevelIPv4, Type = InformationIPv4 });
        local.CopyTo(control[(sizeof(ControlHeader) + (isIPv6 ? 0 : 4))..]);
        return Align(length);
    }

    private static int Align(int length) => (length + sizeof(nuint) - 1) & ~(sizeof(nuint) - 1);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeHandle socket, Message* message, int flags);

    // struct msghdr.
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    // struct iovec.
    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public void* Base;
        public nuint Length;
    }

    // struct cmsghdr.
    [StructLayout(LayoutKind.Sequential)]
    private struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }
}
