using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

/// <summary>A break is passed on as a break: an end that looks like success would make half an answer a whole one.</summary>
public sealed class ResetTests
{
    [Fact]
    public async Task A_backend_that_dies_mid_stream_resets_its_client()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        var server = await backend.AcceptAsync();
        await server.SendTextAsync("half of");
        await client.ReceivesAsync("half of");

        server.Reset();

        await client.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        Assert.Equal((1L, 0), (balancer.Pool.Snapshot.Members[0].Failures, balancer.Pool.Snapshot.Members[0].Active));
    }

    [Fact]
    public async Task A_backend_that_dies_after_its_client_has_finished_resets_its_client()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        var server = await backend.AcceptAsync();
        client.Finish();
        Assert.Equal("", await server.ReceiveTextToEndAsync());

        server.Reset();

        await client.IsResetAsync();
    }

    [Fact]
    public async Task A_client_that_resets_resets_its_backend_and_is_no_failure_of_it()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        await client.SendTextAsync("half of");
        await server.ReceivesAsync("half of");

        client.Reset();

        await server.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Connections.Count == 0);
        Assert.Equal((0L, 0), (balancer.Pool.Snapshot.Members[0].Failures, balancer.Pool.Snapshot.Members[0].Active));
    }

    [Fact]
    public async Task A_client_that_resets_after_its_backend_has_finished_resets_its_backend()
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        server.Finish();
        Assert.Equal("", await client.ReceiveTextToEndAsync());

        client.Reset();

        await server.IsResetAsync();
    }

    // The kernel tells of a reset once: to the receive or to the send of the relay that looks first, and the other sees
    // what looks like an end. The peer that lives only receives here, or the same would happen to the test itself.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_dies_while_more_is_sent_to_it_than_it_reads_never_gives_the_other_a_clean_end(bool backendDies)
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var cleanEnds = 0;
        for (var i = 0; i < 100; i++)
        {
            using var client = await balancer.ConnectAsync();
            using var server = await backend.AcceptAsync();
            var (dies, lives) = backendDies ? (server, client) : (client, server);
            dies.ReceiveBufferSize = 4096;
            Fill(lives);
            await dies.ReceiveAsync(new byte[1], SocketFlags.None).InTimeAsync();

            dies.Reset();

            cleanEnds += await EndsCleanAsync(lives) ? 1 : 0;
        }

        Assert.Equal(0, cleanEnds);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_dies_while_something_is_on_its_way_to_it_never_gives_the_other_a_clean_end(bool backendDies)
    {
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        var cleanEnds = 0;
        for (var i = 0; i < 300; i++)
        {
            using var client = await balancer.ConnectAsync();
            using var server = await backend.AcceptAsync();
            var (dies, lives) = backendDies ? (server, client) : (client, server);
            await lives.SendTextAsync("before");
            await dies.ReceivesAsync("before");

            // On another thread, so that it is now before and now after.
            var dying = Task.Run(dies.Reset, TestContext.Current.CancellationToken);
            try
            {
                await lives.SendTextAsync("x");
            }
            catch (SocketException)
            {
                // It has seen the reset already.
                continue;
            }

            cleanEnds += await EndsCleanAsync(lives) ? 1 : 0;
            await dying;
        }

        Assert.Equal(0, cleanEnds);
    }

    // Sends until nothing more fits in, and leaves no send pending that could be told of the reset.
    private static void Fill(Socket socket)
    {
        socket.Blocking = false;
        var chunk = new byte[64 * 1024];
        var full = 0;
        while (full < 5)
        {
            socket.Send(chunk, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                full++;
                Thread.Sleep(1);
            }
        }

        socket.Blocking = true;
    }

    private static async Task<bool> EndsCleanAsync(Socket socket)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer).InTimeAsync() > 0)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
