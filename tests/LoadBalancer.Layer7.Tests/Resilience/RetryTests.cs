using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Protocols;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Resilience;

public sealed class RetryTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    public async Task An_idempotent_request_whose_backend_breaks_off_goes_to_another(string method)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = ResetAsync;
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), a, b);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(new(method), "/");
            using var response = await client.SendAsync(request, Cancelled);
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode} {await response.Content.ReadAsStringAsync(Cancelled)}");
            Assert.Equal("b", response.Headers.GetValues("X-Replica").Single());
        }

        var figures = balancer.Route("all");
        Assert.Equal((a.Requests, 0L, 3L), (figures.Resilience.Retries, figures.Failed, figures.Forwarded));
        Assert.InRange(a.Requests, 1, 3);
    }

    [Theory]
    [InlineData("POST", "", true)]
    [InlineData("POST", "hello", true)]
    [InlineData("PATCH", "hello", true)]
    [InlineData("POST", "", false)]
    [InlineData("POST", "hello", false)]
    public async Task A_request_that_is_not_idempotent_is_never_sent_twice(string method, string body, bool orderly)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), a, b);
        using var client = balancer.CreateClient();
        // So that there are connections that have been used.
        await client.GetStringAsync("/", Cancelled);
        await client.GetStringAsync("/", Cancelled);
        a.Script = b.Script = orderly ? EndAsync : ResetAsync;

        for (var i = 1; i <= 4; i++)
        {
            using var request = new HttpRequestMessage(new(method), "/") { Content = body.Length == 0 ? null : new StringContent(body) };
            using var response = await client.SendAsync(request, Cancelled);

            Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
            Assert.Equal(2 + i, a.Requests + b.Requests);
        }

        Assert.Equal(0, balancer.Route("all").Resilience.Retries);
    }

    [Fact]
    public async Task Nor_is_one_without_any_length()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        backend.Script = EndAsync;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(balancer.Uri.Authority), Cancelled);

        await socket.SendAsync("POST / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Cancelled);
        var buffer = new byte[4096];
        var length = await socket.ReceiveAsync(buffer, Cancelled);

        Assert.StartsWith("HTTP/1.1 502", Encoding.ASCII.GetString(buffer, 0, length));
        Assert.Equal(1, backend.Requests);
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(64 * 1024, true)]
    [InlineData(64 * 1024 + 1, false)]
    public async Task A_small_body_of_an_idempotent_request_is_sent_again_whole(int size, bool isSentAgain)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = async context =>
        {
            // What has passed whole is too much to be kept. Of less, the rest is still the client's.
            await context.Request.Body.ReadExactlyAsync(new byte[isSentAgain ? 1000 : size]);
            await ResetAsync(context);
        };
        byte[] received = [];
        b.Script = async context =>
        {
            using var memory = new MemoryStream();
            await context.Request.Body.CopyToAsync(memory);
            received = memory.ToArray();
        };
        var options = TestBalancer.Options(("all", new() { Policy = SelectionPolicy.First }));
        // A probe that is late on a busy machine must not decide who is asked first.
        options.Pools["web"].HealthCheck.Fall = 100;
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient();
        var bytes = new byte[size];
        new Random(1).NextBytes(bytes);

        foreach (var chunked in new[] { false, true })
        {
            received = [];
            using var request = new HttpRequestMessage(HttpMethod.Put, "/") { Content = new ByteArrayContent(bytes), Headers = { TransferEncodingChunked = chunked } };
            using var response = await client.SendAsync(request, Cancelled);

            Assert.Equal((chunked, isSentAgain ? HttpStatusCode.OK : HttpStatusCode.BadGateway, chunked ? 2 : 1), (chunked, response.StatusCode, a.Requests));
            Assert.Equal(isSentAgain ? bytes : [], received);
        }
    }

    [Fact]
    public async Task A_body_whose_rest_comes_after_the_backend_broke_off_reaches_another_backend_whole()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var received = "";
        a.Script = async context =>
        {
            await context.Request.Body.ReadExactlyAsync(new byte[5]);
            await ResetAsync(context);
        };
        b.Script = async context =>
        {
            asked.SetResult();
            using var reader = new StreamReader(context.Request.Body);
            received = await reader.ReadToEndAsync(context.RequestAborted);
        };
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Policy = SelectionPolicy.First })), a, b);
        using var client = balancer.CreateClient();
        using var body = new LiveContent(async stream =>
        {
            await stream.WriteAsync("first"u8.ToArray(), Cancelled);
            await stream.FlushAsync(Cancelled);
            await asked.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
            await stream.WriteAsync(", then the rest"u8.ToArray(), Cancelled);
        });

        using var response = await client.PutAsync("/", body, Cancelled);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("first, then the rest", received);
        Assert.Equal((1, 1), (a.Requests, b.Requests));
    }

    [Fact]
    public async Task A_status_is_retried_where_the_route_says_so_and_the_last_answer_is_the_clients()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = context => StatusAsync(context, 503, "a");
        var options = TestBalancer.Options(
            ("retried", new() { Path = "/retried/{**rest}", Policy = SelectionPolicy.First, Retry = new() { Statuses = [503] } }),
            ("plain", new() { Policy = SelectionPolicy.First }));
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient();

        using var plain = await client.GetAsync("/", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, plain.StatusCode);

        using var retried = await client.GetAsync("/retried/", Cancelled);
        Assert.Equal((HttpStatusCode.OK, "b"), (retried.StatusCode, retried.Headers.GetValues("X-Replica").Single()));
        using var posted = await client.PostAsync("/retried/", null, Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, posted.StatusCode);

        b.Script = context => StatusAsync(context, 503, "b");
        using var last = await client.GetAsync("/retried/", Cancelled);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "b"), (last.StatusCode, await last.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal((2L, 0L), (balancer.Route("retried").Resilience.Retries, balancer.Route("retried").Failed));
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        // It has answered: that is no failure, unless the pool says so.
        Assert.All(balancer.Pools.Find("web")!.GetStatistics().Backends, backend => Assert.Equal(0, backend.Failures));
    }

    [Fact]
    public async Task Retries_stay_within_the_budget()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = b.Script = context => StatusAsync(context, 500, "no");
        var options = TestBalancer.Options(("all", new() { Retry = new() { Statuses = [500], BackOff = TimeSpan.Zero } }));
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient(handler => handler.MaxConnectionsPerServer = 10);

        // A few at a time, so that all of them are within the budget's window on a busy machine too.
        await Parallel.ForAsync(0, 100, new ParallelOptions { MaxDegreeOfParallelism = 10, CancellationToken = Cancelled }, async (_, cancellation) =>
        {
            using var response = await client.GetAsync("/", cancellation);
            Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        });

        var figures = balancer.Route("all").Resilience;
        Assert.InRange(figures.Retries, 15, 20);
        Assert.InRange(figures.RetriesRefused, 80, 85);
        Assert.Equal(100 + figures.Retries, a.Requests + b.Requests);
    }

    [Fact]
    public async Task One_attempt_is_what_the_route_gets_when_it_asks_for_one()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = ResetAsync;
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Policy = SelectionPolicy.First, Retry = new() { Attempts = 1 } })), a, b);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);

        Assert.Equal((HttpStatusCode.BadGateway, 1, 0), (response.StatusCode, a.Requests, b.Requests));
    }

    [Fact]
    public async Task The_only_backend_is_asked_again_when_its_connection_broke_but_not_when_it_is_slow()
    {
        await using var backend = await TestBackend.StartAsync("a");
        backend.Script = context => backend.Requests == 1 ? ResetAsync(context) : backend.Requests == 2 ? context.Response.WriteAsync("hello") : Task.Delay(-1, context.RequestAborted);
        // The time is for the answers that are quick as well, on a busy machine.
        var options = TestBalancer.Options(("all", new() { Timeouts = new() { FirstByte = TimeSpan.FromSeconds(3) } }));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var client = balancer.CreateClient();

        Assert.Equal("hello", await client.GetStringAsync("/", Cancelled));
        using var slow = await client.GetAsync("/", Cancelled);

        Assert.Equal((HttpStatusCode.GatewayTimeout, 3), (slow.StatusCode, backend.Requests));
    }

    [Fact]
    public async Task A_slow_backend_is_left_for_another_when_the_route_waits_no_longer()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = context => Task.Delay(-1, context.RequestAborted);
        var options = TestBalancer.Options(("all", new() { Policy = SelectionPolicy.First, Timeouts = new() { FirstByte = TimeSpan.FromSeconds(3) } }));
        await using var balancer = await TestBalancer.StartAsync(options, a, b);

        Assert.Equal("b", (await balancer.GetAsync("/")).Replica);

        Assert.Equal((1L, 1L), (balancer.Route("all").Resilience.Timeouts["FirstByte"], balancer.Route("all").Resilience.Retries));
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_the_attempts()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = b.Script = context => Task.Delay(-1, context.RequestAborted);
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), a, b);
        using var client = balancer.CreateClient();
        using var impatience = new CancellationTokenSource();
        var request = client.GetAsync("/", impatience.Token);
        await TestBalancer.WaitUntilAsync(() => a.Requests + b.Requests == 1);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        Assert.Equal((1, 0L), (a.Requests + b.Requests, balancer.Route("all").Resilience.Retries));
    }

    private static Task StatusAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(text);
    }

    private static Task ResetAsync(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    // The end of the stream, as when a server stops, rather than a reset.
    private static Task EndAsync(HttpContext context)
    {
        context.Features.Get<IConnectionSocketFeature>()!.Socket.Shutdown(SocketShutdown.Both);
        return Task.Delay(-1, context.RequestAborted);
    }
}
