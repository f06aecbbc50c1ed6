using System.Net;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Nothing is held back, and nothing is kept.</summary>
public sealed class StreamingTests : IDisposable
{
    private const long Large = 256 * 1024 * 1024;
    private const long Flat = 64 * 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestAuthority _authority = TestAuthority.Create();

    public static MatrixTheoryData<ClientKind, ClientKind> Combinations => new([ClientKind.H1, ClientKind.H2C, ClientKind.H2Tls], [ClientKind.H1, ClientKind.H2C, ClientKind.H2Tls]);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task The_head_of_an_event_stream_comes_before_its_first_event_and_each_event_before_the_next(ClientKind client, ClientKind backend)
    {
        using var step = new SemaphoreSlim(0);
        await using var server = await StartBackendAsync(backend, async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            for (var i = 0; i < 3; i++)
            {
                await step.WaitAsync(context.RequestAborted);
                await context.Response.WriteAsync($"data: {i}\n\n", context.RequestAborted);
            }
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);

        using var response = await http.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Cancelled).WaitAsync(Patience, Cancelled);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        for (var i = 0; i < 3; i++)
        {
            step.Release();
            Assert.Equal($"data: {i}", await reader.ReadLineAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled));
            Assert.Equal("", await reader.ReadLineAsync(Cancelled));
        }

        Assert.Null(await reader.ReadLineAsync(Cancelled));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Pieces_of_a_request_arrive_one_by_one(ClientKind client, ClientKind backend)
    {
        using var arrived = new SemaphoreSlim(0);
        await using var server = await StartBackendAsync(backend, async context =>
        {
            var buffer = new byte[100];
            var all = new StringBuilder();
            while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
            {
                all.Append(Encoding.ASCII.GetString(buffer, 0, read));
                arrived.Release();
            }

            await context.Response.WriteAsync(all.ToString());
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);
        using var body = new LiveContent(async stream =>
        {
            for (var i = 0; i < 5; i++)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"piece {i};"), Cancelled);
                await stream.FlushAsync(Cancelled);
                Assert.True(await arrived.WaitAsync(Patience, Cancelled), $"piece {i} was held back");
            }
        });

        using var response = await http.PostAsync("/", body, Cancelled);

        Assert.Equal("piece 0;piece 1;piece 2;piece 3;piece 4;", await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData(ClientKind.H2C, ClientKind.H2C)]
    [InlineData(ClientKind.H2Tls, ClientKind.H2Tls)]
    [InlineData(ClientKind.H2C, ClientKind.H1)]
    public async Task A_request_and_its_answer_may_flow_at_the_same_time(ClientKind client, ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend, async context =>
        {
            await context.Response.Body.FlushAsync();
            var buffer = new byte[100];
            while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            }
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);
        var stream = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var body = new LiveContent(async output =>
        {
            // The client, too, keeps the head until there is more.
            await output.FlushAsync(Cancelled);
            stream.SetResult(output);
            await done.Task;
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = body, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled).WaitAsync(Patience, Cancelled);
        var sending = await stream.Task;
        var answer = await response.Content.ReadAsStreamAsync(Cancelled);
        var buffer = new byte[5];
        for (var i = 0; i < 5; i++)
        {
            await sending.WriteAsync(Encoding.ASCII.GetBytes($"say {i}"), Cancelled);
            await sending.FlushAsync(Cancelled);
            await answer.ReadExactlyAsync(buffer, Cancelled).AsTask().WaitAsync(Patience, Cancelled);
            Assert.Equal($"say {i}", Encoding.ASCII.GetString(buffer));
        }

        done.SetResult();
        Assert.Equal(0, await answer.ReadAsync(buffer, Cancelled));
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task An_answer_whose_reader_pauses_is_not_read_ahead_without_end(ClientKind client, ClientKind backend)
    {
        var sent = 0L;
        await using var server = await StartBackendAsync(backend, async context =>
        {
            var chunk = new byte[64 * 1024];
            while (Interlocked.Add(ref sent, chunk.Length) < Large)
            {
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            }
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);

        using (var response = await http.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Cancelled))
        {
            // Windows and socket buffers fill, and then the backend is held.
            var before = -1L;
            while (Interlocked.Read(ref sent) is var now && now != before)
            {
                before = now;
                await Task.Delay(300, Cancelled);
            }

            Assert.InRange(before, 1, Flat);
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_request_that_the_backend_does_not_read_is_held_at_the_client(ClientKind client, ClientKind backend)
    {
        using var go = new SemaphoreSlim(0);
        await using var server = await StartBackendAsync(backend, async context =>
        {
            await go.WaitAsync(context.RequestAborted);
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);
        var sent = 0L;
        using var body = new LiveContent(async stream =>
        {
            var chunk = new byte[64 * 1024];
            while (Interlocked.Read(ref sent) < Flat)
            {
                await stream.WriteAsync(chunk, Cancelled);
                Interlocked.Add(ref sent, chunk.Length);
            }
        });

        var request = http.PostAsync("/", body, Cancelled);
        var before = -1L;
        while (Interlocked.Read(ref sent) is var now && (now == 0 || now != before))
        {
            before = now;
            await Task.Delay(300, Cancelled);
        }

        Assert.InRange(before, 1, Flat - 1);
        go.Release();
        using var response = await request;
        Assert.Equal((HttpStatusCode.OK, Flat), (response.StatusCode, sent));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Answers_without_a_body_keep_their_heads_and_their_connection(ClientKind client, ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend, async context =>
        {
            switch (context.Request.Path.Value)
            {
                case "/204":
                    context.Response.StatusCode = StatusCodes.Status204NoContent;
                    return;
                case "/304":
                    context.Response.StatusCode = StatusCodes.Status304NotModified;
                    context.Response.Headers.ETag = "\"1\"";
                    return;
                case "/empty":
                    return;
                default:
                    context.Response.ContentLength = 5;
                    if (!HttpMethods.IsHead(context.Request.Method))
                    {
                        await context.Response.WriteAsync("hello");
                    }

                    return;
            }
        });
        await using var gateway = await StartAsync(server.Address, backend);
        var connections = 0;
        var handler = gateway.CreateHandler();
        handler.ConnectCallback = async (context, cancellation) =>
        {
            Interlocked.Increment(ref connections);
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
        using var http = new HttpClient(handler)
        {
            BaseAddress = gateway.UriOf(client),
            DefaultRequestVersion = client == ClientKind.H1 ? HttpVersion.Version11 : HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        for (var i = 0; i < 3; i++)
        {
            using var head = await http.SendAsync(new(HttpMethod.Head, "/") { Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy }, Cancelled);
            Assert.Equal((5, ""), (head.Content.Headers.ContentLength, await head.Content.ReadAsStringAsync(Cancelled)));
            using var none = await http.GetAsync("/204", Cancelled);
            Assert.Equal((HttpStatusCode.NoContent, ""), (none.StatusCode, await none.Content.ReadAsStringAsync(Cancelled)));
            Assert.Null(none.Headers.TransferEncodingChunked);
            using var same = await http.GetAsync("/304", Cancelled);
            Assert.Equal((HttpStatusCode.NotModified, "\"1\""), (same.StatusCode, same.Headers.ETag!.Tag));
            using var empty = await http.GetAsync("/empty", Cancelled);
            Assert.Equal((HttpStatusCode.OK, ""), (empty.StatusCode, await empty.Content.ReadAsStringAsync(Cancelled)));
            Assert.Equal("hello", await http.GetStringAsync("/", Cancelled));
        }

        Assert.Equal(1, connections);
    }

    [Theory]
    [InlineData(ClientKind.H2C, ClientKind.H2C)]
    [InlineData(ClientKind.H2C, ClientKind.H2Tls)]
    [InlineData(ClientKind.H2Tls, ClientKind.H2C)]
    [InlineData(ClientKind.H2C, ClientKind.H1)]
    public async Task An_answer_before_the_end_of_the_request_reaches_a_client_with_HTTP_2(ClientKind client, ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend, RefuseAsync);
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var body = new LiveContent(async stream =>
        {
            await stream.WriteAsync(new byte[10], Cancelled);
            await stream.FlushAsync(Cancelled);
            await answered.Task;
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = body, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using (var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled).WaitAsync(Patience, Cancelled))
        {
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "too much"), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled).WaitAsync(Patience, Cancelled)));
            answered.SetResult();
        }

        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
        Assert.Equal(0, gateway.Balancer.Route("all").Failed);
    }

    [Theory]
    [InlineData(ClientKind.H1)]
    [InlineData(ClientKind.H2C)]
    [InlineData(ClientKind.H2Tls)]
    public async Task An_answer_before_the_end_of_the_request_reaches_a_client_with_HTTP_1(ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend, RefuseAsync);
        await using var gateway = await StartAsync(server.Address, backend);
        using (var client = await gateway.ConnectAsync())
        {
            await client.WriteAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n0123456789");
            Assert.StartsWith("HTTP/1.1 413 ", await client.ReadHeadAsync().WaitAsync(Patience, Cancelled));
            Assert.EndsWith("too much", await client.ReadUntilAsync("too much").WaitAsync(Patience, Cancelled));
        }

        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
        Assert.Equal(0, gateway.Balancer.Route("all").Failed);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_client_that_goes_away_ends_the_request_at_the_backend(ClientKind client, ClientKind backend)
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartBackendAsync(backend, async context =>
        {
            await context.Response.WriteAsync("begin");
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            aborted.SetResult();
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);

        using (var response = await http.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Cancelled))
        {
            var stream = await response.Content.ReadAsStreamAsync(Cancelled);
            await stream.ReadExactlyAsync(new byte[5], Cancelled);
        }

        await aborted.Task.WaitAsync(Patience, Cancelled);
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task An_answer_that_breaks_off_breaks_off_at_the_client(ClientKind client, ClientKind backend)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartBackendAsync(backend, async context =>
        {
            await context.Response.WriteAsync("begin");
            await context.Response.Body.FlushAsync();
            await begun.Task;
            context.Abort();
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var http = gateway.CreateClient(client);

        using var response = await http.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
        await body.ReadExactlyAsync(new byte[5], Cancelled);
        begun.SetResult();

        // Each version has a word of its own for it; none of them is that of an orderly end.
        Assert.IsNotType<EndOfStreamException>(await Assert.ThrowsAnyAsync<IOException>(() => body.ReadExactlyAsync(new byte[1], Cancelled).AsTask()));
        Assert.Equal(1, await gateway.FailuresAfterwardsAsync(atLeast: 1));
    }

    private static async Task RefuseAsync(HttpContext context)
    {
        await context.Request.Body.ReadExactlyAsync(new byte[10], context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        await context.Response.WriteAsync("too much");
    }

    private Task<ScriptedBackend> StartBackendAsync(ClientKind kind, RequestDelegate answer) => ScriptedBackend.StartAsync(
        answer,
        kind is ClientKind.H1 or ClientKind.H1Tls ? HttpProtocols.Http1 : HttpProtocols.Http2,
        kind is ClientKind.H1Tls or ClientKind.H2Tls ? _authority : null);

    private Task<Gateway> StartAsync(string address, ClientKind kind) => Gateway.StartAsync(_authority, address, options =>
        options.Pools["web"].HttpVersion = kind == ClientKind.H2C ? BackendHttpVersion.Http2 : BackendHttpVersion.Auto);
}
