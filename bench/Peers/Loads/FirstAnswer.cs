using System.Net;
using System.Net.Sockets;

namespace Peers.Loads;

/// <summary>Asks a server that is starting until it answers with 200.</summary>
internal static class FirstAnswer
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    public static async Task WaitAsync(int port, string path, CancellationToken cancellation)
    {
        while (!await TryAsync(port, path, cancellation))
        {
            await Task.Delay(Pause, cancellation);
        }
    }

    private static async Task<bool> TryAsync(int port, string path, CancellationToken cancellation)
    {
        try
        {
            using var connection = await HttpConnection.OpenAsync(IPAddress.Loopback, port, path, cancellation);
            return await connection.GetAsync(cancellation) is null;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
