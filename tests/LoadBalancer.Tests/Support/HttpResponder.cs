using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Tests.Support;

/// <summary>Answers every request with one status, which the test can change.</summary>
internal sealed class HttpResponder : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _answering;
    private volatile int _status = 200;
    private int _requests;

    public HttpResponder()
    {
        _listener.Start();
        _answering = AnswerAsync();
    }

    public string Authority => _listener.LocalEndpoint.ToString()!;

    public int Requests => Volatile.Read(ref _requests);

    public int Status
    {
        get => _status;
        set => _status = value;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _answering;
    }

    // One connection a request and one request at a time is all that a health check needs.
    private async Task AnswerAsync()
    {
        var buffer = new byte[4096];
        while (true)
        {
            try
            {
                using var socket = await _listener.AcceptSocketAsync();
                for (var length = 0; !Encoding.ASCII.GetString(buffer, 0, length).Contains("\r\n\r\n", StringComparison.Ordinal);)
                {
                    var received = await socket.ReceiveAsync(buffer.AsMemory(length));
                    if (received == 0)
                    {
                        break;
                    }

                    length += received;
                }

                Interlocked.Increment(ref _requests);
                await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {_status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.OperationAborted)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A check that was given up.
            }
        }
    }
}
