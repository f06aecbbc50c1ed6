using System.Net.Sockets;
using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Does to the bytes of a connection what a developer asked for.</summary>
internal static class FaultInjector
{
    // Neither an abort nor a change of the faults must wait for a delay of minutes.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    // A slow connection sends small pieces often, not a large one now and then.
    private const int PiecesPerSecond = 20;

    /// <summary>Sends a chunk as the faults in force want it, also when they change meanwhile.</summary>
    /// <returns>What is to be sent as if there were no faults: the rest when they were switched off, otherwise nothing.</returns>
    public static async ValueTask<ReadOnlyMemory<byte>> SendAsync(Layer4Connection connection, Socket destination, ReadOnlyMemory<byte> chunk, bool fromClient)
    {
        FaultOptions? held = null;
        while (!chunk.IsEmpty && !connection.IsAborted)
        {
            if (connection.Faults is not { } faults)
            {
                return chunk;
            }

            if (faults.BlackHole)
            {
                connection.HasLostBytes = true;
                return default;
            }

            if (faults != held)
            {
                held = faults;
                await HoldAsync(connection, faults, TimeSpan.FromMilliseconds(faults.LatencyMilliseconds + Random.Shared.Next(faults.JitterMilliseconds + 1)));
                continue;
            }

            var limit = fromClient ? null : faults.ResetAfterBytes;
            var piece = (int)Math.Clamp((limit ?? long.MaxValue) - connection.BytesToClient, 0, chunk.Length);
            if (faults.BytesPerSecond is { } rate)
            {
                piece = Math.Min(piece, Math.Max(1, rate / PiecesPerSecond));
                if (!await HoldAsync(connection, faults, TimeSpan.FromSeconds((double)piece / rate)))
                {
                    continue;
                }
            }

            if (piece > 0)
            {
                var sent = await destination.SendAsync(chunk[..piece], SocketFlags.None);
                connection.Sent(sent, fromClient);
                chunk = chunk[sent..];
            }

            if (limit <= connection.BytesToClient)
            {
                await DeliverAsync(connection, destination);
                connection.Abort(CloseReason.Fault);
            }
        }

        return default;
    }

    /// <summary>Holds the end of a direction back for as long as its bytes would be swallowed. An end behind a gap is a break.</summary>
    public static async ValueTask EndAsync(Layer4Connection connection)
    {
        while (connection.Faults is { BlackHole: true } && !connection.IsAborted)
        {
            await Task.Delay(Slice);
        }

        if (connection.HasLostBytes)
        {
            connection.Abort(CloseReason.Fault);
        }
    }

    // A reset throws away what the peer has not acknowledged yet.
    private static async ValueTask DeliverAsync(Layer4Connection connection, Socket destination)
    {
        while (!connection.IsAborted && !TcpState.IsDelivered(destination))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }
    }

    // Returns whether the faults are the same at its end.
    private static async ValueTask<bool> HoldAsync(Layer4Connection connection, FaultOptions faults, TimeSpan span)
    {
        var until = Environment.TickCount64 + (long)Math.Round(span.TotalMilliseconds);
        for (var left = span; left > TimeSpan.Zero && !connection.IsAborted && connection.Faults == faults; left = TimeSpan.FromMilliseconds(until - Environment.TickCount64))
        {
            await Task.Delay(left < Slice ? left : Slice);
        }

        return !connection.IsAborted && connection.Faults == faults;
    }
}
