using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Copies bytes both ways until both sides have finished or one breaks.</summary>
internal static class TcpRelay
{
    private const int BufferSize = 64 * 1024;
    private const int MostWithoutYield = 4 * 1024 * 1024;

    /// <summary>Relays a connection. The end of one direction is passed on as a half-close; a break ends both.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="backend">The socket of its backend.</param>
    /// <param name="preface">What the client sent already, and goes first; it is disposed of as soon as it has gone.</param>
    public static Task RunAsync(Layer4Connection connection, Socket backend, Preface preface) => Task.WhenAll(
        CopyAsync(connection, connection.Client, backend, fromClient: true, preface),
        CopyAsync(connection, backend, connection.Client, fromClient: false, preface: null));

    private static async Task CopyAsync(Layer4Connection connection, Socket source, Socket destination, bool fromClient, Preface? preface)
    {
        byte[]? buffer = null;
        var receiving = false;
        try
        {
            if (preface is not null)
            {
                await SendAsync(connection, destination, preface.Bytes, fromClient);
                preface.Dispose();
            }

            while (true)
            {
                receiving = true;
                if (buffer is null)
                {
                    // Waits without a buffer: thousands of idle connections must not hold one each.
                    await source.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                    buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                }

                var received = await source.ReceiveAsync(buffer.AsMemory(), SocketFlags.None);
                if (received == 0 && IsReset(connection, source, fromClient))
                {
                    connection.Abort(fromClient ? CloseReason.ClientReset : CloseReason.BackendReset);
                    return;
                }

                receiving = false;
                if (received == 0)
                {
                    await FaultInjector.EndAsync(connection);
                    connection.Finish(toClient: !fromClient);
                    destination.Shutdown(SocketShutdown.Send);
                    return;
                }

                // The next receive waits for the send: a slow reader slows the sender, and no more than one buffer fills.
                await SendAsync(connection, destination, buffer.AsMemory(0, received), fromClient);

                // A full buffer means that more is waiting; otherwise the next bytes may take long.
                if (received < buffer.Length)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = null;
                }
                else if (connection.Faults is null && SplicePipe.TryRent() is { } pipe)
                {
                    receiving = true;
                    await MoveAsync(connection, source, destination, pipe, buffer, fromClient);
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            connection.Abort(fromClient == receiving ? CloseReason.ClientReset : CloseReason.BackendReset);
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>Lets the kernel move bytes for as long as they come in bulk.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask MoveAsync(Layer4Connection connection, Socket source, Socket destination, SplicePipe pipe, byte[] buffer, bool fromClient)
    {
        using (pipe)
        {
            var sinceYield = 0;
            while (connection.Faults is null && pipe.Fill(source) is > 0 and var filled)
            {
                while (pipe.Length > 0)
                {
                    if (Move(connection, destination, pipe, fromClient) == 0)
                    {
                        // There is no way to wait until a socket takes more, save to send.
                        await SendAsync(connection, destination, buffer.AsMemory(0, pipe.Read(buffer)), fromClient);
                    }
                }

                // Nothing here has to wait for as long as both sides are quick: others on this thread must have their turn.
                sinceYield += filled;
                if (sinceYield >= MostWithoutYield)
                {
                    sinceYield = 0;
                    await Task.Yield();
                }
            }
        }
    }

    private static int Move(Layer4Connection connection, Socket destination, SplicePipe pipe, bool fromClient)
    {
        try
        {
            var sent = pipe.Empty(destination);
            connection.Sent(sent, fromClient);
            return sent;
        }
        catch (SocketException)
        {
            // The first reason counts: it was the receiving side that broke.
            connection.Abort(fromClient ? CloseReason.BackendReset : CloseReason.ClientReset);
            throw;
        }
    }

    // Pooled: where the destination is the slower side, every send waits, and each wait would allocate.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask SendAsync(Layer4Connection connection, Socket destination, ReadOnlyMemory<byte> chunk, bool fromClient)
    {
        if (connection.Faults is not null)
        {
            chunk = await FaultInjector.SendAsync(connection, destination, chunk, fromClient);
        }

        while (!chunk.IsEmpty)
        {
            var sent = await destination.SendAsync(chunk, SocketFlags.None);
            connection.Sent(sent, fromClient);
            chunk = chunk[sent..];
        }
    }

    // The kernel tells of a reset once. If it told the other direction's send, this receive sees what looks like an end;
    // passed on as one, it would make half an answer a whole one. A peer that only finished leaves the connection open
    // until the other direction has finished too, which is asked second: it cannot have closed what was open before.
    private static bool IsReset(Layer4Connection connection, Socket source, bool fromClient) =>
        TcpState.IsClosed(source) && !connection.HasFinished(toClient: fromClient);
}
