using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Udp;

/// <summary>What a client does with a datagram socket, each with a deadline.</summary>
internal static class UdpClients
{
    public static async Task<TestBalancer> StartAsync(IPEndPoint[] backends, Layer4ListenerOptions? listener = null, string name = "wire") =>
        await TestBalancer.StartAsync(backends, (listener ?? new()) with { Protocol = Layer4Protocol.Udp }, name);

    /// <summary>A client whose socket is connected: it takes replies from the listener's address and from no other.</summary>
    public static Socket Client(this TestBalancer balancer) => To(balancer.Address);

    public static Socket To(IPEndPoint address, IPAddress? from = null)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        socket.Connect(address);
        return socket;
    }

    public static async Task SendDatagramAsync(this Socket socket, string text) =>
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);

    public static async Task<byte[]> ReceiveDatagramAsync(this Socket socket)
    {
        var buffer = new byte[64 * 1024];
        return buffer[..await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken).AsTask().InTimeAsync()];
    }

    public static async Task<string> ReceiveTextAsync(this Socket socket) => Encoding.ASCII.GetString(await socket.ReceiveDatagramAsync());

    public static async Task<string> AskAsync(this Socket socket, string text = "x")
    {
        await socket.SendDatagramAsync(text);
        return await socket.ReceiveTextAsync();
    }

    /// <summary>A client of its own for one question.</summary>
    public static async Task<string> AskOnceAsync(this TestBalancer balancer, string text = "x")
    {
        using var client = balancer.Client();
        return await client.AskAsync(text);
    }

    /// <summary>Receives at a backend, with the balancer's socket that sent.</summary>
    public static async Task<(string Text, EndPoint From)> ReceiveTextFromAsync(this Socket socket)
    {
        var buffer = new byte[64 * 1024];
        var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), TestContext.Current.CancellationToken).AsTask().InTimeAsync();
        return (Encoding.ASCII.GetString(buffer, 0, received.ReceivedBytes), received.RemoteEndPoint);
    }

    public static async Task ReplyAsync(this Socket socket, string text, EndPoint to) =>
        await socket.SendToAsync(Encoding.ASCII.GetBytes(text), to, TestContext.Current.CancellationToken);
}
