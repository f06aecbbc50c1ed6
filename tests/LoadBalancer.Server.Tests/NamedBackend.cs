using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Server.Tests;

/// <summary>A TCP server that says its name to whoever connects. It ends with the test process.</summary>
internal static class NamedBackend
{
    /// <summary>Starts one on a free port of loopback.</summary>
    /// <param name="name">What it says.</param>
    /// <param name="waits">Whether it keeps connections open instead of closing them.</param>
    public static IPEndPoint Start(string name, bool waits)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = ServeAsync(listener, name, waits);
        return (IPEndPoint)listener.LocalEndpoint;
    }

    private static async Task ServeAsync(TcpListener listener, string name, bool waits)
    {
        while (true)
        {
            var client = await listener.AcceptSocketAsync();
            if (waits)
            {
                _ = client.ReceiveAsync(new byte[1]);
                continue;
            }

            await client.SendAsync(Encoding.ASCII.GetBytes(name));
            client.Shutdown(SocketShutdown.Send);
        }
    }
}
