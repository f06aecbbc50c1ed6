using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Resilience;

public sealed class TimeoutTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("FirstByte")]
    [InlineData("Total")]
    [InlineData("Idle")]
    public async Task A_backend_that_does_not_answer_is_504_and_the_answer_says_which_time_out(string which)
    {
        var wait = TimeSpan.FromMilliseconds(300);
        var timeouts = which switch
        {
            "FirstByte" => new RouteTimeoutOptions { FirstByte = wait },
            "Total" => new() { Total = wait },
            _ => new() { Idle = wait },
        };
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Timeouts = timeouts })), backend);
        using var client = balancer.CreateClient();
        var since = Stopwatch.GetTimestamp();

        using var response = await client.GetAsync("/hang", Cancelled);

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(50));
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.Contains($"within 0.3 s (Timeouts:{which} of route 'all')", text);
        Assert.Contains("'web'", text);
        Assert.Equal(1, balancer.Route("all").Resilience.Timeouts[which]);
        Assert.Equal(1, balancer.Route("all").Resilience.Timeouts.Values.Sum());
        Assert.Equal((1, 1, 0), (balancer.Route("all").Failed, Backend(balancer).Failures, Backend(balancer).Active));
    }

    [Fact]
    public async Task A_backend_that_accepts_no_connection_in_time_is_passed_by_and_without_another_it_is_504()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a full queue refuses connections");
        using var silent = new SilentPort();
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(
            // The time is for the backend that accepts as well, on a busy machine.
            ("both", new() { Path = "/both/{**rest}", Timeouts = new() { Connect = TimeSpan.FromSeconds(1) } }),
            ("one", new() { Path = "/one", Pool = "silent", Timeouts = new() { Connect = TimeSpan.FromMilliseconds(250) } }));
        options.Pools["web"].HealthCheck = options.Pools["silent"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        await balancer.SetBackendsAsync("web", backend.Address, silent.Address);
        await balancer.SetBackendsAsync("silent", silent.Address);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 4; i++)
        {
            // Nothing was sent, so even a request that must not be repeated goes on.
            using var content = new StringContent("hello");
            using var answer = await client.PostAsync("/both/length", content, Cancelled);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var response = await client.GetAsync("/one", Cancelled);

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Contains("accepted a connection within 0.25 s (Timeouts:Connect of route 'one')", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(1, balancer.Route("one").Resilience.Timeouts["Connect"]);
        Assert.Equal(balancer.Route("both").Resilience.Timeouts["Connect"], balancer.Route("both").Resilience.Retries);
        Assert.InRange(balancer.Route("both").Resilience.Retries, 1, 4);
    }

    [Fact]
    public async Task The_time_to_the_first_byte_begins_when_the_body_was_sent()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new() { Timeouts = new() { FirstByte = TimeSpan.FromMilliseconds(1500) } }));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var client = balancer.CreateClient();
        using var content = new SlowContent(pieces: 4, TimeSpan.FromMilliseconds(600));

        using var response = await client.PostAsync("/length", content, Cancelled);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var body = new StringContent("hello");
        using var late = await client.PostAsync("/hang", body, Cancelled);
        Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        Assert.Equal(1, balancer.Route("all").Resilience.Timeouts["FirstByte"]);
    }

    [Fact]
    public async Task The_time_to_the_first_byte_does_not_cut_an_answer_that_has_begun()
    {
        await using var backend = await TestBackend.StartAsync("a");
        backend.Script = DripAsync;
        var options = TestBalancer.Options(("all", new() { Timeouts = new() { FirstByte = TimeSpan.FromMilliseconds(1500) } }));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var client = balancer.CreateClient();

        Assert.Equal("xxxx", await client.GetStringAsync("/", Cancelled));
    }

    [Fact]
    public async Task The_total_time_cuts_an_answer_that_takes_too_long_and_does_not_blame_the_backend()
    {
        await using var backend = await TestBackend.StartAsync("a");
        backend.Script = DripAsync;
        var options = TestBalancer.Options(("all", new() { Timeouts = new() { Total = TimeSpan.FromMilliseconds(1500) } }));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var client = balancer.CreateClient();

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/", Cancelled));

        await TestBalancer.WaitUntilAsync(() => balancer.Route("all").Resilience.Timeouts["Total"] == 1);
        Assert.Equal((0, 0), (Backend(balancer).Failures, balancer.Route("all").Resilience.Retries));
    }

    [Fact]
    public async Task The_total_time_counts_the_wait_for_a_backend()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("slow", new() { Path = "/hang" }), ("all", new() { Timeouts = new() { Total = TimeSpan.FromMilliseconds(300) } }));
        options.Pools["web"].MaxConnections = 1;
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var first = balancer.CreateClient().GetAsync("/hang", impatience.Token);
        await TestBalancer.WaitUntilAsync(() => backend.Requests == 1);

        using var response = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Contains("Timeouts:Total of route 'all'", await response.Content.ReadAsStringAsync(Cancelled));
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    [Fact]
    public async Task A_web_socket_outlives_the_total_time_and_ends_when_it_is_idle()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var timeouts = new RouteTimeoutOptions { Total = TimeSpan.FromMilliseconds(1500), FirstByte = TimeSpan.FromMilliseconds(1500), Idle = TimeSpan.FromSeconds(3) };
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Timeouts = timeouts })), backend);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(balancer.Uri) { Scheme = "ws", Path = "/ws" }.Uri, Cancelled);
        var buffer = new byte[256];
        var since = Stopwatch.GetTimestamp();

        do
        {
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);
            var received = await socket.ReceiveAsync(buffer, Cancelled);
            Assert.Equal("a: hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
            await Task.Delay(100, Cancelled);
        }
        while (Stopwatch.GetElapsedTime(since) < TimeSpan.FromMilliseconds(3500));

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(buffer, Cancelled));
        await TestBalancer.WaitUntilAsync(() => balancer.Route("all").Resilience.Timeouts["Idle"] == 1);
        Assert.Equal((0, 0), (Backend(balancer).Failures, balancer.Route("all").Failed));
    }

    // For longer than the times of these tests, which a busy machine must not exceed by itself.
    private static async Task DripAsync(HttpContext context)
    {
        for (var i = 0; i < 4; i++)
        {
            await context.Response.WriteAsync("x");
            await context.Response.Body.FlushAsync();
            await Task.Delay(600);
        }
    }

    private static Configuration.Statistics.BackendStatistics Backend(TestBalancer balancer) => balancer.Pools.Find("web")!.GetStatistics().Backends.Single();

    private sealed class SlowContent(int pieces, TimeSpan pause) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var i = 0; i < pieces; i++)
            {
                await stream.WriteAsync("0123456789"u8.ToArray());
                await stream.FlushAsync();
                await Task.Delay(pause);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = pieces * 10;
            return true;
        }
    }
}
