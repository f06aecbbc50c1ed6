using System.Net;
using System.Net.Sockets;
using System.Text;
using ServiceDefaults;

namespace Echo;

/// <summary>Answers each datagram with <c>replica pid payload</c>.</summary>
internal sealed partial class UdpEcho(EchoSockets sockets, ReplicaIdentity me, ILogger<UdpEcho> logger) : BackgroundService
{
    private const int LongestDatagram = 65_507;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LogListening(sockets.Udp.LocalEndPoint);
        var prefix = Encoding.UTF8.GetBytes($"{me.Replica} {me.Pid} ");
        var buffer = new byte[prefix.Length + LongestDatagram];
        prefix.CopyTo(buffer, 0);
        var sender = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                await EchoAsync(buffer, prefix.Length, sender, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops; a datagram has no connection to end.
        }
    }

    private async Task EchoAsync(byte[] buffer, int start, SocketAddress sender, CancellationToken stopping)
    {
        try
        {
            var received = await sockets.Udp.ReceiveFromAsync(buffer.AsMemory(start), SocketFlags.None, sender, stopping);
            await sockets.Udp.SendToAsync(buffer.AsMemory(0, start + received), SocketFlags.None, sender, stopping);
        }
        catch (SocketException e)
        {
            // A payload that leaves no room for the prefix, or a client that has closed its port.
            LogUnanswered(e.SocketErrorCode);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Echo over UDP listens on {Address}")]
    private partial void LogListening(EndPoint? address);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A datagram got no answer: {Error}")]
    private partial void LogUnanswered(SocketError error);
}
