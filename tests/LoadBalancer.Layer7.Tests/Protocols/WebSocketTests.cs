using System.Net;
using System.Net.WebSockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>WebSocket (RFC 6455, over HTTP/2 RFC 8441) in its corners; the plain case is in <see cref="MatrixTests"/>.</summary>
public sealed class WebSocketTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestAuthority _authority = TestAuthority.Create();

    public static MatrixTheoryData<ClientKind, ClientKind> Combinations => new([ClientKind.H1, ClientKind.H2C, ClientKind.H2Tls], [ClientKind.H1, ClientKind.H2C, ClientKind.H2Tls]);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Compression_is_agreed_on_between_the_ends(ClientKind client, ClientKind backend)
    {
        var extensions = "";
        await using var server = await StartBackendAsync(backend, async (context, socket) =>
        {
            extensions = context.Request.Headers.SecWebSocketExtensions.ToString();
            var buffer = new byte[100_000];
            var received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var socket = await ConnectAsync(gateway, client, options => options.DangerousDeflateOptions = new());
        var message = Encoding.ASCII.GetBytes(new string('z', 50_000));

        await socket.SendAsync(message, WebSocketMessageType.Text, true, Cancelled);
        var buffer = new byte[message.Length];
        var length = 0;
        while (length < buffer.Length)
        {
            length += (await socket.ReceiveAsync(buffer.AsMemory(length), Cancelled)).Count;
        }

        Assert.Contains("permessage-deflate", extensions);
        Assert.Equal(message, buffer);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_backend_may_close_first_and_still_hear_the_client(ClientKind client, ClientKind backend)
    {
        var heard = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartBackendAsync(backend, async (context, socket) =>
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "going", context.RequestAborted);
            var buffer = new byte[100];
            var text = new StringBuilder();
            ValueWebSocketReceiveResult received;
            while ((received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted)).MessageType != WebSocketMessageType.Close)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, received.Count));
            }

            heard.SetResult($"{text} {socket.CloseStatusDescription}");
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var socket = await ConnectAsync(gateway, client);

        Assert.Equal(WebSocketMessageType.Close, (await socket.ReceiveAsync(new byte[100].AsMemory(), Cancelled)).MessageType);
        Assert.Equal((WebSocketCloseStatus.EndpointUnavailable, "going", WebSocketState.CloseReceived), (socket.CloseStatus, socket.CloseStatusDescription, socket.State));
        await socket.SendAsync("last words"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "me too", Cancelled);

        Assert.Equal("last words me too", await heard.Task.WaitAsync(Patience, Cancelled));
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_client_may_close_first_and_still_hear_the_backend(ClientKind client, ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend, async (context, socket) =>
        {
            Assert.Equal(WebSocketMessageType.Close, (await socket.ReceiveAsync(new byte[100].AsMemory(), context.RequestAborted)).MessageType);
            await socket.SendAsync("last words"u8.ToArray(), WebSocketMessageType.Text, true, context.RequestAborted);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "me too", context.RequestAborted);
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var socket = await ConnectAsync(gateway, client);

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "going", Cancelled);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancelled);
        Assert.Equal("last words", Encoding.ASCII.GetString(buffer, 0, received.Count));
        Assert.Equal(WebSocketMessageType.Close, (await socket.ReceiveAsync(buffer.AsMemory(), Cancelled)).MessageType);

        Assert.Equal("me too", socket.CloseStatusDescription);
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_client_that_vanishes_is_noticed_by_the_backend(ClientKind client, ClientKind backend)
    {
        var noticed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartBackendAsync(backend, async (context, socket) =>
        {
            try
            {
                await socket.ReceiveAsync(new byte[100].AsMemory(), context.RequestAborted);
            }
            catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
            {
                noticed.SetResult();
            }
        });
        await using var gateway = await StartAsync(server.Address, backend);
        var socket = await ConnectAsync(gateway, client);

        socket.Abort();

        await noticed.Task.WaitAsync(Patience, Cancelled);
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_backend_that_vanishes_is_noticed_by_the_client(ClientKind client, ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend, async (context, socket) =>
        {
            await socket.ReceiveAsync(new byte[100].AsMemory(), context.RequestAborted);
            context.Abort();
        });
        await using var gateway = await StartAsync(server.Address, backend);
        using var socket = await ConnectAsync(gateway, client);
        await socket.SendAsync("go"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[100].AsMemory(), Cancelled).AsTask().WaitAsync(Patience, Cancelled));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task A_backend_that_refuses_is_passed_on(ClientKind client, ClientKind backend)
    {
        await using var server = await ScriptedBackend.StartAsync(
            context =>
            {
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return context.Response.WriteAsync("no");
            },
            ProtocolsOf(backend),
            backend == ClientKind.H2Tls ? _authority : null);
        await using var gateway = await StartAsync(server.Address, backend);

        var exception = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(gateway, client));

        Assert.Contains("403", exception.Message);
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Fact]
    public async Task A_handshake_without_a_key_is_refused_where_the_backend_speaks_HTTP_2()
    {
        await using var backend = await StartBackendAsync(ClientKind.H2C, (_, _) => Task.CompletedTask);
        await using var gateway = await StartAsync(backend.Address, ClientKind.H2C);
        using var client = await gateway.ConnectAsync();

        await client.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync().WaitAsync(Patience, Cancelled));
    }

    [Fact]
    public async Task A_web_socket_that_is_silent_for_too_long_is_ended()
    {
        await using var backend = await StartBackendAsync(ClientKind.H1, async (context, socket) =>
            await socket.ReceiveAsync(new byte[100].AsMemory(), context.RequestAborted));
        // The time is for the handshake as well, on a busy machine.
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address, options => options.Layer7.Routes["all"].Timeouts.Idle = TimeSpan.FromSeconds(2));
        using var socket = await ConnectAsync(gateway, ClientKind.H1);

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[100].AsMemory(), Cancelled).AsTask().WaitAsync(Patience, Cancelled));
    }

    [Theory]
    [InlineData(ClientKind.H1)]
    [InlineData(ClientKind.H2C)]
    public async Task A_backend_that_breaks_off_before_it_answers_is_asked_again(ClientKind kind)
    {
        var asked = 0;
        await using var backend = new RawBackend(async connection =>
        {
            if (!(await connection.ReadHeadAsync()).StartsWith("GET", StringComparison.Ordinal))
            {
                return;
            }

            if (Interlocked.Increment(ref asked) == 1)
            {
                connection.Reset();
                return;
            }

            await connection.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);

        var exception = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(gateway, kind));

        Assert.Contains("403", exception.Message);
    }

    private static HttpProtocols ProtocolsOf(ClientKind kind) => kind == ClientKind.H1 ? HttpProtocols.Http1 : HttpProtocols.Http2;

    private static async Task<ClientWebSocket> ConnectAsync(Gateway gateway, ClientKind kind, Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = kind == ClientKind.H1 ? HttpVersion.Version11 : HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        configure?.Invoke(socket.Options);
        var address = gateway.UriOf(kind);
        await socket.ConnectAsync(new UriBuilder(address) { Scheme = address.Scheme == "https" ? "wss" : "ws" }.Uri, new HttpMessageInvoker(gateway.CreateHandler()), Cancelled);
        return socket;
    }

    private Task<ScriptedBackend> StartBackendAsync(ClientKind kind, Func<HttpContext, WebSocket, Task> talk) => ScriptedBackend.StartAsync(
        async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { DangerousEnableCompression = true });
            await talk(context, socket);
        },
        ProtocolsOf(kind),
        kind == ClientKind.H2Tls ? _authority : null);

    private Task<Gateway> StartAsync(string address, ClientKind kind) => Gateway.StartAsync(_authority, address, options =>
        options.Pools["web"].HttpVersion = kind == ClientKind.H2C ? BackendHttpVersion.Http2 : BackendHttpVersion.Auto);
}
