using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>A client that sends what a test says, and sees every byte that comes back.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private string _unread = "";

    public static async Task<RawClient> ConnectAsync(TestBalancer balancer)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(balancer.Uri.Host, balancer.Uri.Port);
        return client;
    }

    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task<int> SendAsync(byte[] bytes) => await _socket.SendAsync(bytes);

    /// <summary>Sends a request without a body, and reads its answer.</summary>
    public async Task<(string Head, string Body)> GetAsync(string path = "/", string method = "GET")
    {
        await SendAsync($"{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        return await ReadAnswerAsync(hasBody: method != "HEAD");
    }

    /// <summary>Reads an answer, its chunks taken out.</summary>
    public async Task<(string Head, string Body)> ReadAnswerAsync(bool hasBody = true)
    {
        var head = await ReadUntilAsync("\r\n\r\n");
        var body = "";
        if (!hasBody || head.StartsWith("HTTP/1.1 204", StringComparison.Ordinal) || head.StartsWith("HTTP/1.1 304", StringComparison.Ordinal))
        {
            return (head, body);
        }

        if (head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            while (await ReadChunkAsync() is { Length: > 0 } chunk)
            {
                body += chunk;
            }

            return (head, body);
        }

        const string Length = "Content-Length: ";
        var start = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase) + Length.Length;
        return (head, await ReadAsync(int.Parse(head[start..head.IndexOf('\r', start)], System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>Reads a chunk; the last one is empty.</summary>
    public async Task<string> ReadChunkAsync()
    {
        var size = Convert.ToInt32((await ReadUntilAsync("\r\n")).Trim(), 16);
        var chunk = await ReadAsync(size);
        Assert.Equal("\r\n", await ReadAsync(2));
        return chunk;
    }

    public async Task<string> ReadUntilAsync(string mark)
    {
        int end;
        while ((end = _unread.IndexOf(mark, StringComparison.Ordinal)) < 0)
        {
            Assert.True(await ReceiveAsync(), $"the connection ended after: {_unread}");
        }

        return await ReadAsync(end + mark.Length);
    }

    public async Task<string> ReadAsync(int count)
    {
        while (_unread.Length < count)
        {
            Assert.True(await ReceiveAsync(), $"the connection ended after: {_unread}");
        }

        var text = _unread[..count];
        _unread = _unread[count..];
        return text;
    }

    /// <summary>Reads all that comes until the connection ends.</summary>
    public async Task<string> ReadToEndAsync()
    {
        while (await ReceiveAsync())
        {
        }

        return _unread;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> ReceiveAsync()
    {
        var buffer = new byte[64 * 1024];
        try
        {
            using var deadline = new CancellationTokenSource(Patience);
            var received = await _socket.ReceiveAsync(buffer, SocketFlags.None, deadline.Token);
            _unread += Encoding.Latin1.GetString(buffer, 0, received);
            return received > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
