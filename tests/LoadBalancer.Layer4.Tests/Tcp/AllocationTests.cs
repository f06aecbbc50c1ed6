using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

[Collection(AllocationCollection.Name)]
public sealed class AllocationTests
{
    // Threads, timers and the test's own tasks allocate now and then; a box for each chunk would be a hundred bytes and more.
    private const double Most = 16;

    [Fact]
    public async Task Small_chunks_to_and_fro_allocate_nothing_each()
    {
        const int Rounds = 20_000;
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        PingPong(client, server, 1_000);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        PingPong(client, server, Rounds);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(allocated < Rounds * 2 * Most, $"{allocated / (Rounds * 2.0):F1} bytes a chunk");
        await Eventually.TrueAsync(() => balancer.Connections is [{ BytesToBackend: (Rounds + 1_000) * 100 }]);
    }

    // The receiver is slower than the sender, so that sends of the relay have to wait.
    [Fact]
    public async Task Full_chunks_that_wait_for_a_slow_receiver_allocate_nothing_each()
    {
        const int Chunk = 64 * 1024;
        const int Chunks = 4_000;
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address]);
        using var client = await balancer.ConnectAsync();
        using var server = await backend.AcceptAsync();
        Pump(client, server, Chunk, 200);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        Pump(client, server, Chunk, Chunks);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(allocated < Chunks * Most, $"{allocated / (double)Chunks:F1} bytes a chunk");
    }

    private static void PingPong(Socket client, Socket server, int rounds)
    {
        var bytes = new byte[100];
        for (var i = 0; i < rounds; i++)
        {
            client.Send(bytes);
            ReceiveAll(server, bytes);
            server.Send(bytes);
            ReceiveAll(client, bytes);
        }
    }

    private static void Pump(Socket client, Socket server, int chunk, int chunks)
    {
        var sender = new Thread(() =>
        {
            var bytes = new byte[chunk];
            for (var i = 0; i < chunks; i++)
            {
                client.Send(bytes);
            }
        });
        sender.Start();
        var buffer = new byte[chunk / 4];
        for (var left = (long)chunk * chunks; left > 0; left -= server.Receive(buffer))
        {
            Thread.SpinWait(2_000);
        }

        sender.Join();
    }

    private static void ReceiveAll(Socket socket, byte[] bytes)
    {
        for (var length = 0; length < bytes.Length; length += socket.Receive(bytes, length, bytes.Length - length, SocketFlags.None))
        {
        }
    }
}
