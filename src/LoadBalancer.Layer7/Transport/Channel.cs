using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer7.Transport;

/// <summary>A connected socket, in attempts that never wait and waits apart. One may receive and one send at a time.</summary>
internal abstract class Channel(Socket socket)
{
    /// <summary>In place of a number of bytes: nothing now, wait.</summary>
    public const int WouldBlock = -1;

    /// <summary>In place of a number of bytes: the connection broke, or was closed.</summary>
    public const int Broken = -2;

    /// <summary>The socket, for what is not receiving and sending.</summary>
    public Socket Socket => socket;

    /// <summary>Called when something has come, before it is received, with whether that is the end; where it is told of without asking.</summary>
    public Action<bool>? Stirred { get; set; }

    /// <summary>Makes a channel that is not connected yet.</summary>
    public static Channel Create(EndPoint endPoint)
    {
        var isIP = endPoint is IPEndPoint;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, isIP ? ProtocolType.Tcp : ProtocolType.Unspecified);
        if (isIP)
        {
            socket.NoDelay = true;
        }

        return EventLoop.IsSupported ? new LoopChannel(socket, EventLoop.Current ?? EventLoop.Next()) : new PortableChannel(socket);
    }

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">The address cannot be connected.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public abstract ValueTask ConnectAsync(EndPoint endPoint, CancellationToken cancellation);

    /// <summary>Receives what is there.</summary>
    /// <returns>The number of bytes; 0 at the end; <see cref="WouldBlock"/>; <see cref="Broken"/>.</returns>
    public abstract int TryReceive(Span<byte> buffer);

    /// <summary>Makes the next receive ask the kernel, whatever it has told.</summary>
    public abstract void Distrust();

    /// <summary>Waits until a receive may find something.</summary>
    public abstract ValueTask WaitToReceiveAsync();

    /// <summary>Sends all of it.</summary>
    /// <returns>Whether that succeeded.</returns>
    public abstract ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Closes it, which ends what is under way. May be called by anyone, again and again.</summary>
    public abstract void Close();
}
