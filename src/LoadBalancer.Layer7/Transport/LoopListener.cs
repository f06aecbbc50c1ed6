using System.Buffers;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Layer7.Transport;

/// <summary>Accepts clients' connections.</summary>
internal sealed class LoopListener(Socket socket, MemoryPool<byte> memory) : IConnectionListener
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket? accepted = null;
            try
            {
                accepted = await socket.AcceptAsync(cancellationToken);
                if (EndPoint is IPEndPoint)
                {
                    accepted.NoDelay = true;
                }

                return new LoopConnection(accepted, memory);
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                accepted?.Dispose();
                return null;
            }
            catch (Exception exception) when (exception is SocketException or Win32Exception)
            {
                // The client went away before it was accepted; whoever comes next is not to suffer for it.
                accepted?.Dispose();
                if (exception is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable })
                {
                    // Whoever waits to be accepted waits on, and asking for it without a pause would take a processor.
                    await Task.Delay(Pause, cancellationToken);
                }
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
