using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer7.Tests.Faults;

public sealed class FaultTests : IAsyncLifetime
{
    private readonly LogRecorder _logs = new();
    private TestBackend _backend = null!;
    private TestBalancer _balancer = null!;
    private HttpClient _client = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(
            ("all", new()),
            ("impatient", new() { Path = "/impatient", Timeouts = new() { Total = TimeSpan.FromMilliseconds(300) } }));
        _balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [_backend] }, _logs);
        _client = _balancer.CreateClient();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _balancer.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Fact]
    public async Task Latency_comes_before_the_request_is_forwarded_and_goes_when_it_is_switched_off()
    {
        Set(new() { LatencyMilliseconds = 300, JitterMilliseconds = 50 });
        var since = Stopwatch.GetTimestamp();
        await _client.GetStringAsync("/", Cancelled);
        Assert.True(Stopwatch.GetElapsedTime(since) >= TimeSpan.FromMilliseconds(295), $"{Stopwatch.GetElapsedTime(since)}");

        Set(new() { LatencyMilliseconds = 600_000 });
        var held = _client.GetStringAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => _balancer.Route("all").Faulted == 2);
        Assert.Equal((1, 1), (_backend.Requests, _balancer.Pools.Find("web")!.GetStatistics().Active));
        Set(null);

        await held;
        Assert.Equal(2, _backend.Requests);
    }

    [Fact]
    public async Task A_status_takes_the_place_of_the_answer()
    {
        Set(new() { Status = 418 });

        using var response = await _client.GetAsync("/", Cancelled);

        Assert.Equal(418, (int)response.StatusCode);
        Assert.Contains("fault", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.OrdinalIgnoreCase);
        Set(new() { Status = 204 });
        using var empty = await _client.GetAsync("/", Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, empty.StatusCode);
        Assert.Equal(0, _backend.Requests);
    }

    [Fact]
    public async Task Refused_requests_are_reset_and_eject_nobody()
    {
        Set(new() { Refuse = true });

        for (var i = 0; i < 10; i++)
        {
            var exception = await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetAsync("/", Cancelled));
            Assert.True(exception.InnerException is IOException or HttpIOException, $"{exception}");
        }

        await TestBalancer.WaitUntilAsync(() => _balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        var backend = _balancer.Pools.Find("web")!.GetStatistics().Backends[0];
        Assert.Equal((BackendState.Healthy, 0L), (backend.State, backend.Failures));
        Assert.Equal((0, 10L), (_backend.Requests, _balancer.Route("all").Faulted));
        Set(null);
        await _client.GetStringAsync("/", Cancelled);
    }

    [Fact]
    public async Task An_answer_can_be_slowed_down_and_hurries_when_that_is_over()
    {
        _backend.Script = context => context.Response.Body.WriteAsync(new byte[1000]).AsTask();
        Set(new() { BytesPerSecond = 2000 });
        var since = Stopwatch.GetTimestamp();
        Assert.Equal(1000, (await _client.GetByteArrayAsync("/", Cancelled)).Length);
        Assert.True(Stopwatch.GetElapsedTime(since) >= TimeSpan.FromMilliseconds(450), $"{Stopwatch.GetElapsedTime(since)}");

        Set(new() { BytesPerSecond = 40 });
        using var response = await _client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Set(null);
        Assert.Equal(1000, (await response.Content.ReadAsByteArrayAsync(Cancelled)).Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(700)]
    public async Task An_answer_can_be_broken_off_after_so_many_bytes(int bytes)
    {
        _backend.Script = context =>
        {
            context.Response.ContentLength = 1000;
            return context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 1000))).AsTask();
        };
        Set(new() { ResetAfterBytes = bytes });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(_balancer.Uri.Authority), Cancelled);
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Cancelled);

        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, Cancelled) is > 0 and var read)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }

            Assert.Fail("the connection ended as if it were well");
        }
        catch (SocketException exception)
        {
            Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
        }

        Assert.Contains("200 OK", text.ToString());
        Assert.Equal(bytes, text.ToString().Split("\r\n\r\n")[1].Length);
        Assert.Equal((0L, BackendState.Healthy), (_balancer.Pools.Find("web")!.GetStatistics().Backends[0].Failures, _balancer.Pools.Find("web")!.GetStatistics().Backends[0].State));
    }

    [Fact]
    public async Task A_request_in_a_black_hole_ends_when_its_client_leaves_or_time_runs_out()
    {
        Set(new() { BlackHole = true });
        using var impatience = new CancellationTokenSource();
        var request = _client.GetAsync("/", impatience.Token);
        await TestBalancer.WaitUntilAsync(() => _balancer.Route("all").Faulted == 1);
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await TestBalancer.WaitUntilAsync(() => _balancer.Pools.Find("web")!.GetStatistics().Active == 0);

        _balancer.Layer7.TrySetFaults("impatient", new() { BlackHole = true });
        using var late = await _client.GetAsync("/impatient", Cancelled);

        Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        Assert.Contains("Timeouts:Total", await late.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal((0, 0L), (_backend.Requests, _balancer.Pools.Find("web")!.GetStatistics().Backends[0].Failures));
    }

    [Fact]
    public async Task Only_requests_with_the_header_and_the_value_get_it()
    {
        Set(new() { Status = 503, Header = "X-Fault", HeaderValue = "yes" });

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("no"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync("yes"));
        Set(new() { Status = 503, Header = "X-Fault" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync("no"));
    }

    [Fact]
    public async Task Only_so_many_percent_get_it()
    {
        Set(new() { Status = 503, Percent = 0 });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(null));

        Set(new() { Status = 503, Percent = 50 });
        var hit = 0;
        for (var i = 0; i < 200; i++)
        {
            hit += await StatusAsync(null) == HttpStatusCode.ServiceUnavailable ? 1 : 0;
        }

        // Less than one in a million is outside by chance.
        Assert.InRange(hit, 65, 135);
        Assert.Equal(hit, _balancer.Route("all").Faulted);
    }

    [Fact]
    public async Task A_backends_faults_count_before_those_of_the_route_and_the_routes_before_those_of_the_pool()
    {
        var pool = _balancer.Pools.Find("web")!;
        pool.SetFaults(new FaultOptions { Status = 501 });
        Assert.Equal(501, (int)await StatusAsync(null));
        Set(new() { Status = 502 });
        Assert.Equal(502, (int)await StatusAsync(null));
        pool.SetFaults(pool.Snapshot.Members[0], new() { Status = 503 });
        Assert.Equal(503, (int)await StatusAsync(null));

        pool.SetFaults(pool.Snapshot.Members[0], null);
        Set(null);
        Assert.Equal(501, (int)await StatusAsync(null));
        pool.SetFaults(null);
        Assert.Equal(200, (int)await StatusAsync(null));
    }

    [Fact]
    public async Task They_are_logged_and_told_and_outlive_a_change_of_the_configuration()
    {
        Set(new() { LatencyMilliseconds = 1 });

        var changed = TestBalancer.Options(("all", new() { Retry = new() { Attempts = 2 } }));
        await _balancer.ApplyAsync(changed);

        Assert.Equal(new FaultOptions { LatencyMilliseconds = 1 }, _balancer.Route("all").Faults);
        Assert.Contains(_logs.Lines, line => line.StartsWith("Warning: Route all: faults by command: latencyMilliseconds 1", StringComparison.Ordinal));
        Set(null);
        Assert.Contains(_logs.Lines, line => line.StartsWith("Warning: Route all: faults by command: none", StringComparison.Ordinal));
        Assert.Null(_balancer.Route("all").Faults);
        Assert.False(_balancer.Layer7.TrySetFaults("nosuch", null));
    }

    private void Set(FaultOptions? faults) => Assert.True(_balancer.Layer7.TrySetFaults("all", faults));

    private async Task<HttpStatusCode> StatusAsync(string? header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        if (header is not null)
        {
            request.Headers.Add("X-Fault", header);
        }

        using var response = await _client.SendAsync(request, Cancelled);
        return response.StatusCode;
    }
}
