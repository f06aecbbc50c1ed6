using System.Net;
using System.Net.WebSockets;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.AccessLog;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer7.Tests.AccessLog;

public sealed class AccessLogTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly LogRecorder _logs = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_request_is_one_line_in_the_log_with_all_that_is_known_of_it()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new(), backend);
        using var client = balancer.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/length?x=%0ay") { Content = new ByteArrayContent(new byte[1_234]) };
        request.Headers.UserAgent.ParseAdd("Tester/1.0");
        request.Headers.Host = "shop.example";

        using var response = await client.SendAsync(request, Cancelled);
        var length = (await response.Content.ReadAsByteArrayAsync(Cancelled)).Length;

        var line = await LineAsync("/length");
        Assert.StartsWith("Information: 127.0.0.1 POST shop.example /length?x=%0ay HTTP/1.1 200 ", line);
        Assert.Contains($"in 1234 B, out {length} B, route all, pool web, backend a, attempts 1, ", line);
        Assert.Contains("refusal -, ", line);
        Assert.Contains("agent \"Tester/1.0\"", line);
        var times = Regex.Match(line, @" 200 ([\d.]+) ms, first byte ([\d.]+) ms, queue ([\d.]+) ms, ").Groups.Values.Skip(1).Select(group => double.Parse(group.Value)).ToArray();
        Assert.InRange(times[1], 0.001, times[0]);
        Assert.Equal(0, times[2]);
    }

    [Fact]
    public async Task A_refusal_says_why_and_how_long_it_waited()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new(), backend, new() { Concurrency = new() { Requests = 1, QueueTimeout = TimeSpan.FromMilliseconds(50) } });
        using var impatience = new CancellationTokenSource();
        using var holding = balancer.CreateClient();
        var held = holding.GetAsync("/hang", impatience.Token);
        await TestBalancer.WaitUntilAsync(() => backend.Requests == 1);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/refused", Cancelled);

        var line = await LineAsync("/refused");
        Assert.Contains(" 503 ", line);
        Assert.Contains("route all, pool web, backend -, attempts 0, ", line);
        Assert.Contains("refusal RouteQueueTimeout, ", line);
        Assert.True(double.Parse(Regex.Match(line, @"queue ([\d.]+) ms").Groups[1].Value) >= 40, line);

        // The client that leaves before it has an answer has a line, too.
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        Assert.Contains(" /hang HTTP/1.1 499 ", await LineAsync("/hang"));
    }

    [Fact]
    public async Task Requests_that_no_route_or_nobody_at_all_understands_have_a_line()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new(), backend, new() { Path = "/here" });
        using var client = balancer.CreateClient();

        using var missing = await client.GetAsync("/there", Cancelled);
        Assert.Contains(" 404 ", await LineAsync("/there"));

        using (var connection = await RawConnection.OpenAsync(balancer.Uri))
        {
            await connection.SendAsync("GET /broken HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 400 ", await connection.ReadToEndAsync());
        }

        var line = await LineAsync("/broken");
        Assert.Contains(" 400 ", line);
        Assert.Contains("refusal BadRequest, ", line);
    }

    [Fact]
    public async Task Bytes_of_a_web_socket_are_counted_when_it_ends()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new(), backend);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(balancer.Uri) { Scheme = "ws", Path = "/ws" }.Uri, Cancelled);
        await socket.SendAsync(new byte[1_000], WebSocketMessageType.Binary, true, Cancelled);
        await socket.ReceiveAsync(new byte[2_000], Cancelled);
        Assert.DoesNotContain(_logs.Lines, line => line.Contains(" /ws "));

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);

        var match = Regex.Match(await LineAsync("/ws"), @" 101 .*in (\d+) B, out (\d+) B");
        // Frames have heads of a few bytes, and the backend puts its name before the echo.
        Assert.InRange(int.Parse(match.Groups[1].Value), 1_000, 1_030);
        Assert.InRange(int.Parse(match.Groups[2].Value), 1_003, 1_030);
    }

    [Fact]
    public async Task A_body_in_both_directions_over_HTTP_2_is_counted()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.AccessLog = new();
        options.Layer7.Listeners["http"].Protocols = HttpListenerProtocols.Http2;
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [backend] }, _logs);
        using var client = balancer.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/length") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[300_000]) };

        using var response = await client.SendAsync(request, Cancelled);
        var length = (await response.Content.ReadAsByteArrayAsync(Cancelled)).Length;

        Assert.Contains($"in 300000 B, out {length} B, ", await LineAsync("/length"));
    }

    [Fact]
    public async Task Nothing_of_a_client_makes_a_line_of_its_own()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using (var balancer = await StartAsync(new() { File = _directory.PathOf("a.log") }, backend))
        {
            using var connection = await RawConnection.OpenAsync(balancer.Uri);
            await connection.SendAsync("GET /x%0d%0aforged?\" HTTP/1.1\r\nHost: a\r\nUser-Agent: x\" 200 \u001b[2J\t\\\r\nReferer: \"\r\nConnection: close\r\n\r\n");
            await connection.ReadToEndAsync();
            Assert.Contains(@"/x%0d%0aforged?\"" HTTP/1.1 200", await LineAsync("/x%0d%0aforged"));
            Assert.Contains("agent \"x\\\" 200 \\u001b[2J\\u0009\\\\\"", await LineAsync("/x%0d%0aforged"));
        }

        var line = Assert.Single(_directory.ReadLines("a.log"));
        Assert.Matches(@"^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] ""GET /x%0d%0aforged\?\\"" HTTP/1\.1"" 200 \d+ ""\\"""" ""x\\"" 200 \\x1b\[2J\\x09\\\\""$", line);
    }

    [Fact]
    public async Task All_requests_are_in_the_file_when_the_balancer_has_stopped()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using (var balancer = await StartAsync(new() { File = _directory.PathOf("a.log"), Format = AccessLogFormat.W3C }, backend))
        {
            await Parallel.ForAsync(0, 8, Cancelled, async (_, cancellation) =>
            {
                using var client = balancer.CreateClient();
                for (var i = 0; i < 50; i++)
                {
                    await client.GetStringAsync("/", cancellation);
                }
            });
            await balancer.Layer7.StopAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(400, balancer.Layer7.GetStatistics().AccessLog!.Written);
        }

        Assert.Equal(400, _directory.ReadLines("a.log").Count(line => line[0] != '#'));
    }

    [Fact]
    public async Task It_can_be_turned_on_moved_and_turned_off_under_load_without_losing_a_line()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.AccessLog = new() { File = _directory.PathOf("0.log") };
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        var port = balancer.Uri;
        using var stop = new CancellationTokenSource();
        var requests = Task.Run(async () =>
        {
            using var client = balancer.CreateClient();
            var sent = 0;
            for (; !stop.IsCancellationRequested; sent++)
            {
                await client.GetStringAsync($"/{sent}", Cancelled);
            }

            return sent;
        }, Cancelled);

        for (var i = 1; i <= 5; i++)
        {
            var name = $"{i % 2}.log";
            var before = _directory.ReadLines(name).Length;
            await ApplyAsync(new() { File = _directory.PathOf(name), KeptFiles = i });
            await TestBalancer.WaitUntilAsync(() => _directory.ReadLines(name).Length > before + 10);
        }

        await stop.CancelAsync();
        var sent = await requests;
        await ApplyAsync(null);
        await TestBalancer.WaitUntilAsync(() => _directory.ReadLines("0.log").Length + _directory.ReadLines("1.log").Length == sent);
        var targets = _directory.ReadLines("0.log").Concat(_directory.ReadLines("1.log")).Select(line => int.Parse(line.Split(' ')[6][1..])).Order();
        Assert.Equal(Enumerable.Range(0, sent), targets);
        Assert.Null(balancer.Layer7.GetStatistics().AccessLog);
        Assert.Equal(port, balancer.Uri);

        async Task ApplyAsync(AccessLogOptions? log)
        {
            var changed = TestBalancer.Options(("all", new()));
            changed.Pools = options.Pools;
            changed.Layer7.AccessLog = log;
            await balancer.ApplyAsync(changed);
        }
    }

    [Fact]
    public async Task Without_it_there_is_no_line_and_nothing_is_done_to_a_request()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(null, backend);
        using var client = balancer.CreateClient();
        await client.GetStringAsync("/unlogged", Cancelled);
        Assert.DoesNotContain(_logs.Lines, line => line.Contains("first byte"));

        var context = new DefaultHttpContext();
        Task answered = Task.FromResult(true);
        var features = context.Features.Revision;
        var middleware = new AccessLogMiddleware(_ => answered, new AccessLogger(NullLoggerFactory.Instance, TimeProvider.System));

        Assert.Same(answered, middleware.InvokeAsync(context));
        Assert.Equal(features, context.Features.Revision);
    }

    private Task<TestBalancer> StartAsync(AccessLogOptions? log, TestBackend backend, RouteOptions? route = null)
    {
        var options = TestBalancer.Options(("all", route ?? new()));
        options.Layer7.AccessLog = log;
        return TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [backend] }, _logs);
    }

    // The line comes when the request is over, which its client may see a moment earlier.
    private async Task<string> LineAsync(string target)
    {
        string? line = null;
        await TestBalancer.WaitUntilAsync(() => (line = _logs.Lines.FirstOrDefault(line => line.StartsWith("Information: ") && line.Contains($" {target}") && line.Contains("first byte"))) is not null);
        return line!;
    }
}
