using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Tcp;

[Collection(AllocationCollection.Name)]
public sealed class AllocationTests
{
    // Bytes a chunk. Threads and timers allocate now and then; a box for each chunk would be a hundred bytes and more.
    // Without optimisation the compiler makes each asynchronous method a class, so that only leaks of buffers show.
#if DEBUG
    private const double Most = 512;
#else
    private const double Most = 16;
#endif

    [Fact]
    public async Task Small_chunks_to_and_fro_allocate_nothing_each()
    {
        const int Rounds = 20_000;
        using var listener = Listen();
        await using var balancer = await TestBalancer.StartAsync([(IPEndPoint)listener.LocalEndPoint!]);
        var (client, server) = Connect(balancer, listener);
        PingPong(client, server, 1_000);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        PingPong(client, server, Rounds);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(allocated < Rounds * 2 * Most, $"{allocated / (Rounds * 2.0):F1} bytes a chunk");
        await Eventually.TrueAsync(() => balancer.Connections is [{ BytesToBackend: (Rounds + 1_000) * 100 }]);
        client.Dispose();
        server.Dispose();
    }

    // The receiver is slower than the sender, so that sends of the relay have to wait.
    [Fact]
    public async Task Full_chunks_that_wait_for_a_slow_receiver_allocate_nothing_each()
    {
        var (bytes, buffer) = (new byte[64 * 1024], new byte[16 * 1024]);
        const int Chunks = 4_000;
        using var listener = Listen();
        await using var balancer = await TestBalancer.StartAsync([(IPEndPoint)listener.LocalEndPoint!]);
        var (client, server) = Connect(balancer, listener);
        Pump(client, server, bytes, buffer, 200);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        Pump(client, server, bytes, buffer, Chunks);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(allocated < Chunks * Most, $"{allocated / (double)Chunks:F1} bytes a chunk");
        client.Dispose();
        server.Dispose();
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    // A socket that was ever used asynchronously allocates for each call that blocks; these block in the kernel.
    private static (Socket Client, Socket Server) Connect(TestBalancer balancer, Socket listener)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(balancer.Address);
        var server = listener.Accept();
        server.NoDelay = true;
        return (client, server);
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

    private static void Pump(Socket client, Socket server, byte[] bytes, byte[] buffer, int chunks)
    {
        var sender = new Thread(() =>
        {
            for (var i = 0; i < chunks; i++)
            {
                client.Send(bytes);
            }
        });
        sender.Start();
        for (var left = (long)bytes.Length * chunks; left > 0; left -= server.Receive(buffer))
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
