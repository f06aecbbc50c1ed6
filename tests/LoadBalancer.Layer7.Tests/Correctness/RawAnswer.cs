using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>An answer as it came over a socket.</summary>
/// <param name="Status">The status.</param>
/// <param name="Head">The head, with line ends.</param>
/// <param name="Body">What came behind it.</param>
/// <param name="IsClosed">Whether the balancer closed the connection after it.</param>
internal sealed record RawAnswer(int Status, string Head, string Body, bool IsClosed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The request as the backend got it, without the headers that every request gets.</summary>
    public string Seen => string.Join("\r\n", Body.Split("\r\n").Where(line =>
        !line.StartsWith("traceparent:", StringComparison.OrdinalIgnoreCase) && !line.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) && !line.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)));

    /// <summary>The first line of the request as the backend got it.</summary>
    public string SeenLine => Body.Split("\r\n")[0];

    /// <summary>Values of a header of the request as the backend got it.</summary>
    public string[] SeenHeader(string name) => Values(Body.Split("\r\n\r\n")[0], name);

    /// <summary>Values of a header of the answer.</summary>
    public string[] Header(string name) => Values(Head, name);

    /// <summary>Sends one request, in Latin-1, and reads the answer; of a refusal also whether the connection ends.</summary>
    public static async Task<RawAnswer> OfAsync(Uri balancer, string request, Stream? over = null)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(Patience);
        using var client = new TcpClient();
        if (over is null)
        {
            await client.ConnectAsync(balancer.Host, balancer.Port, timeout.Token);
        }

        var stream = over ?? client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), timeout.Token);
        var received = "";
        var isClosed = false;
        while (!isClosed && (!IsWhole(received) || received[9] is '4' or '5'))
        {
            isClosed = !await ReadAsync();
        }

        var head = received.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        Assert.True(head > 4, $"no answer: '{received}'");
        return new(int.Parse(received.AsSpan(9, 3), CultureInfo.InvariantCulture), received[..head], received[head..], isClosed);

        async Task<bool> ReadAsync()
        {
            var buffer = new byte[16 * 1024];
            var read = 0;
            try
            {
                read = await stream.ReadAsync(buffer, timeout.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"nothing follows '{received}'");
            }

            received += Encoding.Latin1.GetString(buffer, 0, read);
            return read > 0;
        }
    }

    private static bool IsWhole(string received)
    {
        var head = received.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
        {
            return false;
        }

        return Values(received[..head], "Content-Length") is [var length]
            ? received.Length >= head + 4 + int.Parse(length, CultureInfo.InvariantCulture)
            : !received.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase) || received.EndsWith("0\r\n\r\n", StringComparison.Ordinal);
    }

    private static string[] Values(string head, string name) =>
        [.. head.Split("\r\n").Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim())];
}
