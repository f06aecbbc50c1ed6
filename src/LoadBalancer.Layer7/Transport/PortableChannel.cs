using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer7.Transport;

/// <summary>A channel by .NET's sockets, where there are no event loops.</summary>
internal sealed class PortableChannel(Socket socket) : Channel(socket)
{
    private volatile bool _isReset;

    public override ValueTask ConnectAsync(EndPoint endPoint, CancellationToken cancellation) => Socket.ConnectAsync(endPoint, cancellation);

    public override int TryReceive(Span<byte> buffer)
    {
        try
        {
            Socket.Blocking = false;
            var received = Socket.Receive(buffer, SocketFlags.None, out var error);
            return error switch
            {
                SocketError.Success => received == 0 && _isReset ? Broken : received,
                SocketError.WouldBlock => WouldBlock,
                _ => Broken,
            };
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return Broken;
        }
    }

    public override void Distrust()
    {
        // It always asks.
    }

    public override async ValueTask WaitToReceiveAsync()
    {
        try
        {
            // Of no bytes: ends when there are some.
            await Socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The attempt that follows says so.
        }
    }

    public override async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await Socket.SendAsync(bytes, SocketFlags.None);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // A receive may be told of it no more.
            _isReset |= exception is SocketException { SocketErrorCode: SocketError.ConnectionReset };
            return false;
        }
    }

    public override void Close() => Socket.Dispose();
}
