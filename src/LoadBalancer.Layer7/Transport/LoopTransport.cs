using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace LoadBalancer.Layer7.Transport;

/// <summary>Kestrel's transport where there are event loops: its own reads ahead of the request, and hands over more.</summary>
internal sealed class LoopTransport(IMemoryPoolFactory<byte> memory) : IConnectionListenerFactory
{
    // What SocketTransportOptions begin with.
    private const int Backlog = 512;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.Listen(Backlog);
            return new(new LoopListener(socket, memory.Create()));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(exception.Message, exception);
        }
    }
}
