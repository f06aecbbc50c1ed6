using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>Memory of a whole request, Kestrel and all, with a client and a backend that need none.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests
{
    private const int Warmup = 3_000;
    private const int Requests = 2_000;

    // What ASP.NET Core itself needs for a request that suspends in a few middlewares; the forwarder adds the
    // enumerator of Kestrel's header collection.
    private const long Most = 3_000;

    [Theory]
    [InlineData("GET /some/path?q=1 HTTP/1.1\r\nHost: test\r\nAccept: */*\r\nUser-Agent: test\r\n\r\n", "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nServer: test\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("GET / HTTP/1.1\r\nHost: test\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Own: 1\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 204 No Content\r\n\r\n")]
    public async Task A_request_needs_little(string request, string answer)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        new Thread(() => Serve(listener, Encoding.ASCII.GetBytes(answer))) { IsBackground = true }.Start();
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]>());
        await balancer.SetBackendsAsync("web", $"http://{listener.LocalEndPoint}");

        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(balancer.Uri.Host, balancer.Uri.Port, TestContext.Current.CancellationToken);
        var bytes = Encoding.ASCII.GetBytes(request);
        var buffer = new byte[4_096];
        Ask(client, bytes, buffer, Warmup);

        // The rest of the process has its own doings now and then.
        var least = Enumerable.Range(0, 5).Min(_ =>
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            Ask(client, bytes, buffer, Requests);
            return (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;
        });

        TestContext.Current.SendDiagnosticMessage($"{least} bytes a request");
        TestContext.Current.TestOutputHelper!.WriteLine($"{least} bytes a request");
        Assert.InRange(least, 0, Most);
    }

    private static void Ask(Socket socket, byte[] request, byte[] buffer, int times)
    {
        for (var i = 0; i < times; i++)
        {
            socket.Send(request);
            var length = 0;
            while (!IsWhole(buffer.AsSpan(0, length)))
            {
                length += socket.Receive(buffer, length, buffer.Length - length, SocketFlags.None);
            }
        }
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer) =>
        answer.EndsWith("hello"u8) || answer.EndsWith("\r\n0\r\n\r\n"u8) || (answer.StartsWith("HTTP/1.1 204"u8) && answer.EndsWith("\r\n\r\n"u8));

    private static void Serve(Socket listener, byte[] answer)
    {
        try
        {
            while (true)
            {
                var socket = listener.Accept();
                socket.NoDelay = true;
                new Thread(() => Serve(socket, answer, new byte[4_096])) { IsBackground = true }.Start();
            }
        }
        catch (SocketException)
        {
            // The test is over.
        }
    }

    private static void Serve(Socket socket, byte[] answer, byte[] buffer)
    {
        using (socket)
        {
            var length = 0;
            while (socket.Receive(buffer, length, buffer.Length - length, SocketFlags.None) is > 0 and var received)
            {
                length += received;
                var request = buffer.AsSpan(0, length);
                if (request.IndexOf("\r\n\r\n"u8) is >= 0 and var head && (!request.StartsWith("POST"u8) || length - head - 4 == 5))
                {
                    length = 0;
                    socket.Send(answer);
                }
            }
        }
    }
}
