using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>A backend on loopback: either serves by itself or hands its connections to the test.</summary>
internal sealed class TestBackend : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Task _serving;
    private int _accepted;

    private TestBackend(Func<Socket, Task>? serve, EndPoint? address = null)
    {
        address ??= new IPEndPoint(IPAddress.Loopback, 0);
        _listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.IP);
        _listener.Bind(address);
        _listener.Listen();
        Address = _listener.LocalEndPoint as IPEndPoint ?? new(IPAddress.None, 0);
        _serving = serve is null ? Task.CompletedTask : ServeAsync(serve);
    }

    public IPEndPoint Address { get; }

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>The test accepts each connection by itself.</summary>
    public static TestBackend ByHand() => new(null);

    /// <summary>Every connection is served, and closed when <paramref name="serve"/> ends.</summary>
    public static TestBackend Serving(Func<Socket, Task> serve) => new(serve);

    /// <summary>Sends back what comes until the client has finished.</summary>
    public static TestBackend Echo() => new(EchoAsync);

    /// <summary>The same, on a Unix socket.</summary>
    public static TestBackend Echo(string path) => new(EchoAsync, new UnixDomainSocketEndPoint(path));

    /// <summary>Says its name and closes.</summary>
    public static TestBackend Named(string name) => new(async socket => await socket.SendFullyAsync(System.Text.Encoding.ASCII.GetBytes(name)));

    public async Task<Socket> AcceptAsync()
    {
        var socket = await _listener.AcceptAsync(TestContext.Current.CancellationToken).AsTask().InTimeAsync();
        Interlocked.Increment(ref _accepted);
        socket.NoDelay = true;
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private static async Task EchoAsync(Socket socket)
    {
        var buffer = new byte[128 * 1024];
        for (int received; (received = await socket.ReceiveAsync(buffer)) > 0;)
        {
            await socket.SendFullyAsync(buffer.AsMemory(0, received));
        }
    }

    private async Task ServeAsync(Func<Socket, Task> serve)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            Interlocked.Increment(ref _accepted);
            _ = Task.Run(async () =>
            {
                using (socket)
                {
                    try
                    {
                        await serve(socket);
                        socket.Shutdown(SocketShutdown.Send);
                    }
                    catch (SocketException)
                    {
                        // The client is gone; what it saw is the test's concern.
                    }
                }
            });
        }
    }
}
