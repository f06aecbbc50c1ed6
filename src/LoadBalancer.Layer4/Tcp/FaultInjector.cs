using System.Net.Sockets;
using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Layer4.Tcp;

/// <summary>Does to a chunk of bytes what a developer asked for.</summary>
internal static class FaultInjector
{
    // An abort must not wait for a delay of minutes.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    // A slow connection sends small pieces often, not a large one now and then.
    private const int PiecesPerSecond = 20;

    /// <summary>Sends a chunk as the faults in force want it.</summary>
    /// <returns>The bytes of the chunk that were sent; fewer when it was swallowed, or the connection reset.</returns>
    public static async ValueTask<int> SendAsync(Layer4Connection connection, FaultOptions faults, Socket destination, ReadOnlyMemory<byte> chunk, bool fromClient)
    {
        if (faults.BlackHole)
        {
            return 0;
        }

        await DelayAsync(connection, TimeSpan.FromMilliseconds(faults.LatencyMilliseconds + Random.Shared.Next(faults.JitterMilliseconds + 1)));
        var allowed = chunk;
        if (!fromClient && faults.ResetAfterBytes is { } limit)
        {
            allowed = chunk[..(int)Math.Clamp(limit - connection.BytesToClient, 0, chunk.Length)];
        }

        var sent = 0;
        while (sent < allowed.Length && !connection.IsAborted)
        {
            var piece = allowed.Length - sent;
            if (faults.BytesPerSecond is { } rate)
            {
                piece = Math.Min(piece, Math.Max(1, rate / PiecesPerSecond));
                await DelayAsync(connection, TimeSpan.FromSeconds((double)piece / rate));
            }

            sent += await destination.SendAsync(allowed.Slice(sent, piece), SocketFlags.None);
        }

        if (sent < chunk.Length)
        {
            connection.Abort(CloseReason.Fault);
        }

        return sent;
    }

    private static async ValueTask DelayAsync(Layer4Connection connection, TimeSpan span)
    {
        var until = Environment.TickCount64 + (long)Math.Round(span.TotalMilliseconds);
        for (var left = span; left > TimeSpan.Zero && !connection.IsAborted; left = TimeSpan.FromMilliseconds(until - Environment.TickCount64))
        {
            await Task.Delay(left < Slice ? left : Slice);
        }
    }
}
