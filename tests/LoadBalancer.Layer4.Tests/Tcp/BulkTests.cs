using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

/// <summary>So many bytes that the kernel moves them.</summary>
public sealed class BulkTests
{
    private const int Length = 64 * 1024 * 1024;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_byte_arrives_in_order_both_ways_also_when_the_reader_is_slow(bool slow)
    {
        using var server = Listen();
        await using var balancer = await TestBalancer.StartAsync([(IPEndPoint)server.LocalEndPoint!]);
        using var client = await balancer.ConnectAsync();
        using var backend = await server.AcceptAsync(Cancelled);

        var results = await Task.WhenAll(
            SendAsync(client, seed: 1), ReceiveAsync(backend, slow), SendAsync(backend, seed: 2), ReceiveAsync(client, slow));

        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[2], results[3]);
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
    }

    [Fact]
    public async Task A_reset_in_the_middle_is_passed_on_and_leaves_no_descriptor_behind()
    {
        using var server = Listen();
        await using var balancer = await TestBalancer.StartAsync([(IPEndPoint)server.LocalEndPoint!]);
        for (var i = 0; i < 20; i++)
        {
            using var client = await balancer.ConnectAsync();
            var backend = await server.AcceptAsync(Cancelled);
            var sending = SendAsync(backend, seed: i);
            await ReceiveAsync(client, slow: false, length: Length / 16);
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();

            await Assert.ThrowsAnyAsync<SocketException>(() => sending);
            backend.Dispose();
        }

        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        // Connections of other tests have theirs as well, for a while.
        await Eventually.TrueAsync(() => Pipes() <= 2 * 64);
    }

    private static int Pipes() => OperatingSystem.IsLinux()
        ? Directory.GetFileSystemEntries("/proc/self/fd").Count(path => new FileInfo(path).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true)
        : 0;

    private static Socket Listen()
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen();
        return server;
    }

    private static async Task<string> SendAsync(Socket socket, int seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        var chunk = new byte[256 * 1024];
        for (var sent = 0; sent < Length; sent += chunk.Length)
        {
            random.NextBytes(chunk);
            hash.AppendData(chunk);
            for (var offset = 0; offset < chunk.Length;)
            {
                offset += await socket.SendAsync(chunk.AsMemory(offset), Cancelled);
            }
        }

        socket.Shutdown(SocketShutdown.Send);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static async Task<string> ReceiveAsync(Socket socket, bool slow, int length = int.MaxValue)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1024 * 1024];
        var total = 0;
        while (total < length && await socket.ReceiveAsync(buffer, Cancelled) is > 0 and var received)
        {
            hash.AppendData(buffer.AsSpan(0, received));
            total += received;
            if (slow)
            {
                // Long enough for every buffer on the way to fill.
                await Task.Delay(2, Cancelled);
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
