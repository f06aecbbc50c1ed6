using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer7.Tests.Caching;

// Apart from other tests: all of the process is counted.
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests
{
    private const int Requests = 2000;

    [Fact]
    public async Task A_hit_costs_little_memory()
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=600");
        var length = (await AnswerAsync(origin)).Length;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(origin.Balancer.Uri.Authority), TestContext.Current.CancellationToken);

        // The runtime does things beside it: the least of several is what it costs by itself.
        var least = Enumerable.Range(0, 5).Min(_ => Measure(socket, length));

        Assert.True(least < 1000, $"{least} bytes for each hit");
    }

    private static async Task<byte[]> AnswerAsync(CachedOrigin origin)
    {
        await origin.AskAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(origin.Balancer.Uri.Authority), TestContext.Current.CancellationToken);
        socket.Send(RequestFor(origin));
        var buffer = new byte[4096];
        var length = 0;
        while (!buffer.AsSpan(0, length).EndsWith("hello world"u8))
        {
            length += socket.Receive(buffer.AsSpan(length));
        }

        return buffer[..length];
    }

    private static byte[] RequestFor(CachedOrigin origin) => System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {origin.Balancer.Uri.Authority}\r\n\r\n");

    private static long Measure(Socket socket, int length)
    {
        var request = System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {socket.RemoteEndPoint}\r\n\r\n");
        var buffer = new byte[length + 16];
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Requests; i++)
        {
            socket.Send(request);
            var received = 0;
            while (!buffer.AsSpan(0, received).EndsWith("hello world"u8))
            {
                received += socket.Receive(buffer.AsSpan(received));
            }
        }

        return (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;
    }
}
