using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Layer7.Tests;

/// <summary>A client that sends bytes and reads bytes, whatever HTTP says.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TcpClient _client = new();

    private RawConnection()
    {
    }

    public static async Task<RawConnection> OpenAsync(Uri uri)
    {
        var connection = new RawConnection();
        await connection._client.ConnectAsync(uri.Host, uri.Port);
        return connection;
    }

    public Task SendAsync(string text) => _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    /// <summary>Reads until the text is there.</summary>
    public async Task<string> ReadUntilAsync(string expected)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains(expected, StringComparison.Ordinal))
        {
            var read = await ReadAsync(buffer);
            Assert.True(read > 0, $"the connection ended after: {text}");
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    /// <summary>Reads until the other side closes, in whatever way.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await ReadAsync(buffer) is > 0 and var read)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            // Reset.
        }

        return text.ToString();
    }

    public void Dispose() => _client.Dispose();

    private async Task<int> ReadAsync(byte[] buffer)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        return await _client.GetStream().ReadAsync(buffer, deadline.Token);
    }
}
