using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Udp;

// Alone: what other tests allocate cannot be told from what the balancer does.
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    private const int Datagrams = 10_000;

    // A second's sweep and the test framework allocate a little; the least object, once a datagram, would be 240,000.
    private const int Slack = 100_000;

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("[::1]:0")]
    [InlineData("*:0")]
    public async Task A_datagram_and_its_reply_allocate_nothing(string listen)
    {
        using var backend = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        backend.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var balancer = await UdpClients.StartAsync([(IPEndPoint)backend.LocalEndPoint!], new() { Address = listen });
        var to = balancer.Address.Address.Equals(IPAddress.IPv6Loopback) ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        using var client = UdpClients.To(new(to, balancer.Address.Port));
        var echo = new Thread(() => Echo(backend));
        echo.Start();

        // The least of several rounds: each thread of the pool allocates when it comes by for the first time.
        var allocated = long.MaxValue;
        for (var round = 0; round < 5 && allocated > Slack; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            Ask(client, Datagrams);
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        backend.Dispose();
        echo.Join();
        Assert.InRange(allocated, 0, Slack);
    }

    [Fact]
    public async Task An_idle_session_holds_no_buffer()
    {
        const int Sessions = 2_000;
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync([backend.Address]);
        var clients = Enumerable.Range(0, Sessions).Select(_ => balancer.Client()).ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        foreach (var (index, client) in clients.Index())
        {
            client.Send([1]);
            if ((index + 1) % 100 == 0)
            {
                // More at once would not fit into the listener's buffer everywhere.
                await Eventually.TrueAsync(() => balancer.Listener.Active == index + 1);
            }
        }

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Sessions;

        Assert.InRange(each, 0, 4096);
        Array.ForEach(clients, client => client.Dispose());
    }

    private static void Ask(Socket client, int times)
    {
        Span<byte> buffer = stackalloc byte[100];
        for (var i = 0; i < times; i++)
        {
            client.Send(buffer);
            if (client.Receive(buffer) != buffer.Length)
            {
                throw new InvalidOperationException("A reply is not what was sent.");
            }
        }
    }

    private static void Echo(Socket backend)
    {
        var buffer = new byte[100];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var length = backend.ReceiveFrom(buffer, SocketFlags.None, from);
                backend.SendTo(buffer.AsSpan(0, length), SocketFlags.None, from);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
