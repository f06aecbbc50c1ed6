using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aspire.Hosting.Tests;

/// <summary>A replica that answers every request with its name, and can be ended and begun again in no time.</summary>
internal sealed class RawService(string name) : IAsyncDisposable
{
    private readonly List<Socket> _connections = [];
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    public string Name => name;

    public int Port { get; private set; }

    public void Start()
    {
        _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync(_listener);
    }

    /// <summary>Ends it as the operating system ends a process: nothing listens, and what is open breaks off.</summary>
    public async Task StopAsync()
    {
        _listener?.Dispose();
        await _accepting;
        lock (_connections)
        {
            _connections.ForEach(connection => connection.Close(0));
            _connections.Clear();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var connection = await listener.AcceptAsync();
                lock (_connections)
                {
                    _connections.Add(connection);
                }

                _ = ServeAsync(connection);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        var answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");
        var buffer = new byte[4096];
        try
        {
            // A health check sends nothing. A request is small enough to come in one piece.
            while (await connection.ReceiveAsync(buffer) > 0)
            {
                await connection.SendAsync(answer);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Broken off by one side or the other.
        }
        finally
        {
            connection.Dispose();
            lock (_connections)
            {
                _connections.Remove(connection);
            }
        }
    }
}
