using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Limits;

public sealed class ServerLimitTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Headers_that_are_too_large_are_431_and_a_request_line_that_is_414()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { MaxRequestHeadersSize = 2_000, MaxRequestLineSize = 500 }, backend);

        Assert.StartsWith("HTTP/1.1 200 ", await AskAsync(balancer, headers: 1_900));
        Assert.StartsWith("HTTP/1.1 431 ", await AskAsync(balancer, headers: 2_100));
        Assert.StartsWith("HTTP/1.1 200 ", await AskAsync(balancer, path: 400));
        Assert.StartsWith("HTTP/1.1 414 ", await AskAsync(balancer, path: 600));
    }

    [Fact]
    public async Task Headers_that_are_too_large_are_refused_over_HTTP_2_too()
    {
        await using var backend = await TestBackend.StartAsync("a", configure: listen => listen.KestrelServerOptions.Limits.MaxRequestHeadersTotalSize = 100_000);
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.Limits = new() { MaxRequestHeadersSize = 60_000 };
        options.Layer7.Listeners["http"].Protocols = HttpListenerProtocols.Http2;
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var client = balancer.CreateClient();
        client.DefaultRequestVersion = HttpVersion.Version20;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        // One header may be as large as all together: Kestrel's own limit of one would be half of this.
        Assert.Equal(HttpStatusCode.OK, await SendAsync(client, 50_000));
        // .NET's client reads what the server says of itself, and does not even try.
        var exception = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(client, 61_000));
        Assert.Contains("60000 bytes", exception.Message);
    }

    [Fact]
    public async Task Headers_that_do_not_come_in_time_are_408()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { RequestHeadersTimeout = TimeSpan.FromSeconds(1) }, backend);
        using var connection = await RawConnection.OpenAsync(balancer.Uri);

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n");

        Assert.StartsWith("HTTP/1.1 408 ", await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task A_connection_without_a_request_is_closed()
    {
        await using var backend = await TestBackend.StartAsync("a");
        // The time is for the first request to come as well, on a busy machine.
        await using var balancer = await StartAsync(new() { KeepAliveTimeout = TimeSpan.FromSeconds(4) }, backend);
        using var connection = await RawConnection.OpenAsync(balancer.Uri);

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        // Not by a "Connection: close" of the first answer.
        var answer = await connection.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200 ", answer);
        Assert.DoesNotContain("Connection: close", answer);
    }

    [Fact]
    public async Task Changed_sizes_hold_for_connections_that_are_open()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var connection = await RawConnection.OpenAsync(balancer.Uri);
        await connection.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\nX-Large: {new string('x', 5_000)}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await connection.ReadUntilAsync("\r\n0\r\n\r\n"));

        var changed = TestBalancer.Options(("all", new()));
        changed.Pools = options.Pools;
        changed.Layer7.Limits = new() { MaxRequestHeadersSize = 4_000 };
        await balancer.ApplyAsync(changed);

        // The connection was ready for one request already.
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await connection.ReadUntilAsync("\r\n0\r\n\r\n"));
        await connection.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\nX-Large: {new string('x', 5_000)}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431 ", await connection.ReadUntilAsync("\r\n\r\n"));
    }

    [Fact]
    public async Task More_connections_than_allowed_on_all_listeners_together_are_closed_at_once()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.Listeners["other"] = new() { Address = "127.0.0.1:0" };
        options.Layer7.Limits = new() { MaxConnections = 2 };
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var first = await ConnectAsync(balancer.Uri);
        var second = await ConnectAsync(balancer.UriOf("other"));
        Assert.Equal(new(Open: 2, Refused: 0), balancer.Layer7.GetStatistics().Connections);

        Assert.True(await IsClosedAtOnceAsync(balancer.Uri));
        await TestBalancer.WaitUntilAsync(() => balancer.Layer7.GetStatistics().Connections == new Configuration.Statistics.Layer7ConnectionStatistics(2, 1));

        second.Dispose();
        await TestBalancer.WaitUntilAsync(() => balancer.Layer7.GetStatistics().Connections.Open == 1);
        using var fourth = await ConnectAsync(balancer.Uri);

        var raised = TestBalancer.Options(("all", new()));
        raised.Pools = options.Pools;
        raised.Layer7.Listeners["other"] = new() { Address = "127.0.0.1:0" };
        raised.Layer7.Limits = new() { MaxConnections = 3 };
        await balancer.ApplyAsync(raised);
        using var fifth = await ConnectAsync(balancer.Uri);

        // And the listeners are the same as before.
        await first.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadUntilAsync("\r\n0\r\n\r\n"));
    }

    private static Task<TestBalancer> StartAsync(Layer7LimitsOptions limits, TestBackend backend)
    {
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.Limits = limits;
        return TestBalancer.StartAsync(options, backend);
    }

    private static async Task<RawConnection> ConnectAsync(Uri uri)
    {
        var connection = await RawConnection.OpenAsync(uri);
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await connection.ReadUntilAsync("\r\n0\r\n\r\n"));
        return connection;
    }

    private static async Task<bool> IsClosedAtOnceAsync(Uri uri)
    {
        try
        {
            using var connection = await RawConnection.OpenAsync(uri);
            return await connection.ReadToEndAsync() == "";
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // So soon that the client was not done connecting.
            return true;
        }
    }

    private static async Task<string> AskAsync(TestBalancer balancer, int headers = 0, int path = 0)
    {
        using var connection = await RawConnection.OpenAsync(balancer.Uri);
        await connection.SendAsync($"GET /{new string('p', path)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {new string('x', Math.Max(0, headers - 40))}\r\n\r\n");
        return await connection.ReadToEndAsync();
    }

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, int size)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("X-Large", new string('x', size));
        using var response = await client.SendAsync(request, Cancelled);
        return response.StatusCode;
    }
}
