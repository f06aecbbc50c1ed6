using System.Net.Sockets;
using System.Security.Cryptography;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class EchoTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64 * 1024)]
    [InlineData((64 * 1024) + 1)]
    [InlineData(100 * 1024 * 1024)]
    public async Task Bytes_come_back_as_they_were_sent(int length)
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();

        // Sent while it comes back: neither side ever holds the whole.
        var sending = SendAsync(client, length);
        var (received, hash) = await HashToEndAsync(client).InTimeAsync();

        Assert.Equal(length, received);
        Assert.Equal(await sending, hash);
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        Assert.Equal(0, balancer.Pool.Snapshot.Members[0].Active);
    }

    [Fact]
    public async Task Two_hundred_connections_at_once_do_not_mix()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            using var client = await balancer.ConnectAsync();
            for (var i = 0; i < 5; i++)
            {
                var text = $"client {number}, line {i}";
                await client.SendTextAsync(text);
                await client.ReceivesAsync(text);
            }
        }));

        Assert.Equal(200, balancer.Listener.Accepted);
        await Eventually.TrueAsync(() => balancer.Listener.Active == 0);
    }

    private static async Task<string> SendAsync(Socket socket, int length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(length);
        var buffer = new byte[256 * 1024];
        random.NextBytes(buffer);
        for (var left = length; left > 0;)
        {
            // No two chunks are the same, so that one lost, repeated or out of place shows.
            random.NextBytes(buffer.AsSpan(0, 16));
            var chunk = buffer.AsMemory(0, Math.Min(left, buffer.Length));
            hash.AppendData(chunk.Span);
            await socket.SendFullyAsync(chunk);
            left -= chunk.Length;
        }

        socket.Finish();
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static async Task<(long Length, string Hash)> HashToEndAsync(Socket socket)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[256 * 1024];
        var length = 0L;
        for (int received; (received = await socket.ReceiveAsync(buffer)) > 0; length += received)
        {
            hash.AppendData(buffer.AsSpan(0, received));
        }

        return (length, Convert.ToHexString(hash.GetHashAndReset()));
    }
}
