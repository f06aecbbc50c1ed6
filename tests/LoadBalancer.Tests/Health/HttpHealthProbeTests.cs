using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tests.Health;

public sealed class HttpHealthProbeTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _asked = new();
    private WebApplication _application = null!;
    private string _authority = "";

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _application = builder.Build();
        _application.Run(async context =>
        {
            _asked.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            if (context.Request.Path == "/never")
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            context.Response.StatusCode = int.Parse(context.Request.Path.Value![1..], System.Globalization.CultureInfo.InvariantCulture);
            if (context.Response.StatusCode is >= 300 and <= 399)
            {
                context.Response.Headers.Location = "/500";
            }
        });
        await _application.StartAsync(TestContext.Current.CancellationToken);
        _authority = new Uri(_application.Urls.Single()).Authority;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    [InlineData(302)]
    [InlineData(399)]
    public async Task A_status_from_200_to_399_passes(int status)
    {
        Assert.Null(await CheckAsync($"/{status}"));
        Assert.Equal([$"GET /{status}"], _asked);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(503)]
    public async Task Any_other_status_fails_and_is_named(int status) =>
        Assert.Equal($"GET /{status} answered {status}", await CheckAsync($"/{status}"));

    [Fact]
    public async Task A_query_is_asked_for_too()
    {
        Assert.Null(await CheckAsync("/200?full=1"));
        Assert.Equal(["GET /200?full=1"], _asked);
    }

    [Fact]
    public async Task A_backend_that_refuses_fails()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        Assert.Equal("GET / failed: ConnectionError", await CheckAsync("/", bound.LocalEndPoint!.ToString()));
    }

    [Fact]
    public async Task A_backend_that_does_not_speak_http_fails()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var check = CheckAsync("/", listener.LocalEndpoint.ToString());
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await accepted.SendAsync("SSH-2.0-OpenSSH_9.6\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal("GET / failed: InvalidResponse", await check);
    }

    [Fact]
    public async Task A_check_ends_when_its_time_is_over()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CheckAsync("/never", null, timeout.Token));
    }

    [Fact]
    public async Task A_check_makes_no_span()
    {
        var spans = new ConcurrentQueue<string?>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "System.Net.Http",
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => spans.Enqueue(activity.GetTagItem("url.full")?.ToString()),
        };
        ActivitySource.AddActivityListener(listener);

        await CheckAsync("/200");
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri($"http://{_authority}/201"), TestContext.Current.CancellationToken);

        // The plain request proves that a span would have been seen.
        Assert.Equal([$"http://{_authority}/201"], spans.Where(url => url!.Contains(_authority, StringComparison.Ordinal)));
    }

    private async Task<string?> CheckAsync(string path, string? authority = null, CancellationToken? cancellation = null)
    {
        using var probe = new HttpHealthProbe(path);
        var address = IPEndPoint.Parse(authority ?? _authority);
        return await probe.CheckAsync(new Backend(address, address.ToString(), "b"), cancellation ?? TestContext.Current.CancellationToken);
    }
}
