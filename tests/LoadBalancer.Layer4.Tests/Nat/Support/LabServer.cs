using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Nat.Support;

/// <summary>Greets with its name and the client's address, then echoes; over UDP it answers each datagram with both.</summary>
internal sealed class LabServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Socket _datagrams;
    private readonly Task _serving;

    public LabServer(string @namespace, string name, IPEndPoint ipv4, IPEndPoint ipv6)
    {
        Name = name;
        IPv4 = ipv4;
        IPv6 = ipv6;
        _listener = NatLab.Socket(@namespace, AddressFamily.InterNetworkV6);
        _datagrams = NatLab.Socket(@namespace, AddressFamily.InterNetworkV6, SocketType.Dgram);
        foreach (var socket in (Socket[])[_listener, _datagrams])
        {
            socket.DualMode = true;
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, ipv4.Port));
        }

        _listener.Listen();
        _serving = Task.WhenAll(AcceptAsync(), AnswerAsync());
    }

    public string Name { get; }

    public IPEndPoint IPv4 { get; }

    public IPEndPoint IPv6 { get; }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _datagrams.Dispose();
        await _serving;
    }

    private byte[] Greeting(EndPoint client)
    {
        var address = ((IPEndPoint)client).Address;
        return Encoding.ASCII.GetBytes($"{Name} {(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)}");
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _listener.AcceptAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task EchoAsync(Socket client)
    {
        using (client)
        {
            try
            {
                await client.SendFullyAsync(Greeting(client.RemoteEndPoint!));
                var buffer = new byte[1024];
                for (int received; (received = await client.ReceiveAsync(buffer)) > 0;)
                {
                    await client.SendFullyAsync(buffer.AsMemory(0, received));
                }
            }
            catch (SocketException)
            {
                // The client is gone; what it saw is the test's concern.
            }
        }
    }

    private async Task AnswerAsync()
    {
        var buffer = new byte[1024];
        try
        {
            while (true)
            {
                var datagram = await _datagrams.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.IPv6Any, 0));
                await _datagrams.SendToAsync(Greeting(datagram.RemoteEndPoint), datagram.RemoteEndPoint);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}
