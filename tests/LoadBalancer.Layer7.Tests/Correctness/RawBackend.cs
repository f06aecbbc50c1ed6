using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>A backend of sockets alone, that answers with the bytes it was sent: no parser of ours stands in between.</summary>
internal sealed class RawBackend : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _accepting;
    private int _requests;

    public RawBackend()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Authority => _listener.LocalEndpoint.ToString()!;

    public string Address => $"http://{Authority}";

    /// <summary>Requests whose head came whole.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Lines of every answer's head, without the last line end; <c>{authority}</c> is this backend's.</summary>
    public string Headers { get; set; } = "X-Raw: 1";

    public string Status { get; set; } = "200 OK";

    /// <summary>A balancer in front of this backend, in the pool "web".</summary>
    public async Task<TestBalancer> StartBalancerAsync(LoadBalancerOptions options)
    {
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]>());
        await balancer.SetBackendsAsync("web", Address);
        return balancer;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stopped.Token));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            var stream = client.GetStream();
            var received = "";
            while (true)
            {
                while (EndOf(received) is not { } end || received.Length < end)
                {
                    var buffer = new byte[16 * 1024];
                    var read = await stream.ReadAsync(buffer, _stopped.Token);
                    if (read == 0)
                    {
                        return;
                    }

                    received += Encoding.Latin1.GetString(buffer, 0, read);
                }

                Interlocked.Increment(ref _requests);
                var request = received[..EndOf(received)!.Value];
                received = received[request.Length..];
                await stream.WriteAsync(Encoding.Latin1.GetBytes(
                    $"HTTP/1.1 {Status}\r\nContent-Length: {request.Length}\r\n{Headers.Replace("{authority}", Authority)}\r\n\r\n{request}"), _stopped.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The balancer closed the connection, or the test is over.
        }
    }

    // Where the first request ends; null while that is not known.
    private static int? EndOf(string received)
    {
        var head = received.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
        {
            return null;
        }

        var lines = received[..head].Split("\r\n");
        if (lines.FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) is { } length)
        {
            return head + 4 + int.Parse(length["Content-Length:".Length..]);
        }

        return !lines.Contains("Transfer-Encoding: chunked", StringComparer.OrdinalIgnoreCase) ? head + 4
            : received.IndexOf("\r\n0\r\n\r\n", head + 2, StringComparison.Ordinal) is > 0 and var end ? end + 7
            : null;
    }
}
