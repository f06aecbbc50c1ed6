using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Peers.Loads;

/// <summary>
/// One keep-alive connection that asks for one path, again and again. Knows only what the measurements answer:
/// HTTP/1.1 with a content length.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _request;
    private readonly byte[] _buffer = new byte[16 * 1024];

    private HttpConnection(Socket socket, string path)
    {
        _socket = socket;
        _request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }

    /// <summary>Connects to 127.0.0.1 from an address of this machine.</summary>
    /// <exception cref="SocketException">It is refused.</exception>
    public static async Task<HttpConnection> OpenAsync(IPAddress source, int port, string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellation);
            return new(socket, path);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <returns>Null when the answer was 200, or else what it was.</returns>
    /// <exception cref="SocketException">The connection broke.</exception>
    public async Task<string?> GetAsync(CancellationToken cancellation)
    {
        await _socket.SendAsync(_request, cancellation);
        var received = 0;
        while (true)
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(received), cancellation);
            if (count == 0)
            {
                return "the connection was closed instead of an answer";
            }

            received += count;
            var end = _buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var rest = LengthOf(_buffer.AsSpan(0, end)) - (received - end - 4);
                await SkipAsync(rest, cancellation);
                return _buffer.AsSpan(0, received).StartsWith("HTTP/1.1 200 "u8) ? null : Encoding.ASCII.GetString(_buffer.AsSpan(0, _buffer.IndexOf((byte)'\r')));
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static int LengthOf(ReadOnlySpan<byte> head)
    {
        const string Name = "\r\ncontent-length:";
        for (var start = 0; start + Name.Length < head.Length; start++)
        {
            if (Ascii.EqualsIgnoreCase(head.Slice(start, Name.Length), Name))
            {
                Utf8Parser.TryParse(head[(start + Name.Length)..].TrimStart((byte)' '), out int length, out _);
                return length;
            }
        }

        return 0;
    }

    private async Task SkipAsync(int rest, CancellationToken cancellation)
    {
        while (rest > 0)
        {
            var count = await _socket.ReceiveAsync(_buffer, cancellation);
            rest = count == 0 ? throw new SocketException((int)SocketError.ConnectionReset) : rest - count;
        }
    }
}
