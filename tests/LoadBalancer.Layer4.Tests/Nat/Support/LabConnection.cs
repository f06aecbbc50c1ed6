using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Nat.Support;

/// <summary>A connection that a server has greeted.</summary>
internal sealed record LabConnection(Socket Socket, string Server, IPAddress SeenAs) : IDisposable
{
    public IPEndPoint Client => (IPEndPoint)Socket.LocalEndPoint!;

    /// <summary>Whether the server still sends back what it gets.</summary>
    public async Task EchoesAsync(string text)
    {
        await Socket.SendTextAsync(text);
        await Socket.ReceivesAsync(text);
    }

    public void Dispose() => Socket.Dispose();
}
