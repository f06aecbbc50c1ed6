using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Layer4.Tests.Udp;

/// <summary>A backend for datagrams on loopback: either answers by itself or hands its socket to the test.</summary>
internal sealed class UdpBackend : IAsyncDisposable
{
    private readonly Task _serving;

    private UdpBackend(IPAddress address, int port, Func<byte[], IEnumerable<byte[]>>? answer)
    {
        Socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
        Socket.Bind(new IPEndPoint(address, port));
        Address = (IPEndPoint)Socket.LocalEndPoint!;
        _serving = answer is null ? Task.CompletedTask : ServeAsync(answer);
    }

    public IPEndPoint Address { get; }

    public Socket Socket { get; }

    /// <summary>Sockets of the balancer that datagrams came from.</summary>
    public ConcurrentDictionary<EndPoint, int> Senders { get; } = new();

    /// <summary>The test receives and sends by itself.</summary>
    public static UdpBackend ByHand() => new(IPAddress.Loopback, 0, null);

    /// <summary>Sends back what comes.</summary>
    public static UdpBackend Echo(IPAddress? address = null, int port = 0) => new(address ?? IPAddress.Loopback, port, static datagram => [datagram]);

    /// <summary>Answers with its name.</summary>
    public static UdpBackend Named(string name, IPAddress? address = null, int port = 0) => new(address ?? IPAddress.Loopback, port, _ => [Encoding.ASCII.GetBytes(name)]);

    /// <summary>Answers each datagram with as many as the test wants.</summary>
    public static UdpBackend Answering(Func<byte[], IEnumerable<byte[]>> answer) => new(IPAddress.Loopback, 0, answer);

    public async ValueTask DisposeAsync()
    {
        Socket.Dispose();
        await _serving;
    }

    private async Task ServeAsync(Func<byte[], IEnumerable<byte[]>> answer)
    {
        var buffer = new byte[64 * 1024];
        var any = new IPEndPoint(Address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (true)
        {
            try
            {
                var received = await Socket.ReceiveFromAsync(buffer, any);
                Senders.AddOrUpdate(received.RemoteEndPoint, 1, static (_, count) => count + 1);
                foreach (var datagram in answer(buffer[..received.ReceivedBytes]))
                {
                    await Socket.SendToAsync(datagram, received.RemoteEndPoint);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
