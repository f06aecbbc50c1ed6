using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Aspire.Hosting.Tests;

/// <summary>The first bytes of a TLS client.</summary>
internal static class ClientHello
{
    private const int RecordHeaderLength = 5;

    public static async Task<byte[]> CaptureAsync(string serverName)
    {
        var cancelled = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancelled);
        using var server = await listener.AcceptTcpClientAsync(cancelled);
        await using var tls = new SslStream(client.GetStream());
        var handshake = tls.AuthenticateAsClientAsync(new() { TargetHost = serverName }, cancelled);

        var header = new byte[RecordHeaderLength];
        await server.GetStream().ReadExactlyAsync(header, cancelled);
        var body = new byte[(header[3] << 8) | header[4]];
        await server.GetStream().ReadExactlyAsync(body, cancelled);
        server.Close();
        await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        return [.. header, .. body];
    }
}
