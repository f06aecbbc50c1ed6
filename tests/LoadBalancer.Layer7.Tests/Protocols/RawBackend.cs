using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>A server that says byte for byte what a test tells it to.</summary>
internal sealed class RawBackend : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    /// <summary>Handles every connection by one delegate.</summary>
    /// <param name="handle">Reads and writes; the connection is closed when it ends.</param>
    public RawBackend(Func<RawConnection, Task> handle)
    {
        _listener.Start();
        _accepting = AcceptAsync(handle);
    }

    public string Address => $"http://{_listener.LocalEndpoint}";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync(Func<RawConnection, Task> handle)
    {
        try
        {
            while (true)
            {
                _ = HandleAsync(await _listener.AcceptSocketAsync(_stopping.Token), handle);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }

    private async Task HandleAsync(Socket socket, Func<RawConnection, Task> handle)
    {
        using var connection = new RawConnection(new NetworkStream(socket, ownsSocket: true), _stopping.Token);
        try
        {
            await handle(connection);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The other side went, or the test has ended; health checks connect and go.
        }
    }
}
