using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

public sealed class BackPressureTests
{
    // What the kernel may hold for four sockets is less, what would be sent without back-pressure is more.
    private const long Bound = 64L * 1024 * 1024;
    private const long Offered = 4 * Bound;

    [Fact]
    public async Task A_client_that_does_not_read_stops_its_backend()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();

        var sender = new Sender(server);
        var sending = sender.SendAsync(Offered);
        await StandsStillAsync(() => sender.Sent);

        Assert.InRange(sender.Sent, 1, Bound);
        Assert.InRange(Assert.Single(balancer.Connections).BytesToClient, 1, sender.Sent);
        Assert.False(sending.IsCompleted);

        // Nothing is lost when it reads after all.
        Assert.Equal(Offered, await CountToEndAsync(client).InTimeAsync());
        await sending;
        await Eventually.TrueAsync(() => balancer.Connections[0].BytesToClient == Offered);
    }

    [Fact]
    public async Task A_backend_that_does_not_read_stops_its_client()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();

        var sender = new Sender(client);
        var sending = sender.SendAsync(Offered);
        await StandsStillAsync(() => sender.Sent);

        Assert.InRange(sender.Sent, 1, Bound);
        Assert.False(sending.IsCompleted);
        Assert.Equal(Offered, await CountToEndAsync(server).InTimeAsync());
        await sending;
    }

    [Fact]
    public async Task A_client_that_does_not_read_does_not_hold_up_another()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var slow = await balancer.ConnectAsync();
        var sender = new Sender(slow);
        var sending = sender.SendAsync(Offered);
        await StandsStillAsync(() => sender.Sent);

        using var quick = await balancer.ConnectAsync();
        await quick.SendTextAsync("hello");
        await quick.ReceivesAsync("hello");

        slow.Reset();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
    }

    // Looks until the figure has been the same for many looks in a row.
    private static async Task StandsStillAsync(Func<long> figure)
    {
        var last = -1L;
        var same = 0;
        await Eventually.TrueAsync(() =>
        {
            var now = figure();
            same = now == last && now > 0 ? same + 1 : 0;
            last = now;
            return same >= 60;
        });
    }

    private static async Task<long> CountToEndAsync(Socket socket)
    {
        var buffer = new byte[256 * 1024];
        var length = 0L;
        for (int received; (received = await socket.ReceiveAsync(buffer)) > 0;)
        {
            length += received;
        }

        return length;
    }

    private sealed class Sender(Socket socket)
    {
        private long _sent;

        public long Sent => Volatile.Read(ref _sent);

        public async Task SendAsync(long length)
        {
            var chunk = new byte[64 * 1024];
            while (_sent < length)
            {
                await socket.SendFullyAsync(chunk);
                Volatile.Write(ref _sent, _sent + chunk.Length);
            }

            socket.Finish();
        }
    }
}
