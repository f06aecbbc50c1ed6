using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Machine;

/// <summary>
/// Ports of 127.0.0.1 that nobody has, for programs that must be told theirs before they start. They lie below those that
/// the system gives to outgoing connections and to whoever asks for any port: one of these would sooner or later take it.
/// </summary>
internal static class FreePorts
{
    // Above the ports of the sample topology and of Aspire's dashboard.
    private const int Lowest = 20_000;
    private const int UsualEnd = 32_768;
    private const int BlockSize = 128;

    private static readonly int Count = FindEnd() - Lowest;
    private static readonly Lock Taking = new();
    private static readonly Queue<int> Own = new();
    private static readonly List<FileStream> Blocks = [];

    /// <summary>Takes a port that no call of this process had before, until all had their turn.</summary>
    /// <exception cref="InvalidOperationException">None is free.</exception>
    public static int Take()
    {
        lock (Taking)
        {
            for (var tries = 0; tries < Count; tries++)
            {
                if (Own.Count == 0)
                {
                    ClaimBlock();
                }

                var port = Own.Dequeue();
                if (IsFree(port, SocketType.Stream, ProtocolType.Tcp) && IsFree(port, SocketType.Dgram, ProtocolType.Udp))
                {
                    return port;
                }
            }
        }

        throw new InvalidOperationException($"No port from {Lowest} to {Lowest + Count - 1} is free on 127.0.0.1.");
    }

    /// <inheritdoc cref="Take()"/>
    public static int[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Take())];

    // A port is free until whoever was told of it has started. Two processes that take ports at the same time, such as a
    // test and the program that it starts, must not be told of the same one.
    private static void ClaimBlock()
    {
        var blocks = Math.Max(1, Count / BlockSize);
        var first = Random.Shared.Next(blocks);
        var block = Enumerable.Range(0, blocks).Select(i => (first + i) % blocks).FirstOrDefault(TryLock, first);
        foreach (var port in Enumerable.Range(Lowest + (block * BlockSize), Math.Min(BlockSize, Count)))
        {
            Own.Enqueue(port);
        }
    }

    // Locked until the process ends, however it does.
    private static bool TryLock(int block)
    {
        try
        {
            var directory = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "loadbalancer-ports"));
            Blocks.Add(new(Path.Combine(directory.FullName, $"{block}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static int FindEnd()
    {
        const string Range = "/proc/sys/net/ipv4/ip_local_port_range";
        var end = File.Exists(Range) ? int.Parse(File.ReadAllText(Range).Split('\t')[0], CultureInfo.InvariantCulture) : UsualEnd;
        return end > Lowest ? end : UsualEnd;
    }

    private static bool IsFree(int port, SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
