using System.Net;
using System.Net.WebSockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Every version of a client with every version of a backend.</summary>
public sealed class MatrixTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create();

    public static MatrixTheoryData<ClientKind, ClientKind> Combinations => new(Enum.GetValues<ClientKind>(), Enum.GetValues<ClientKind>());

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Requests_bodies_and_answers_pass(ClientKind client, ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend);
        await using var gateway = await StartAsync(server, backend);
        using var http = gateway.CreateClient(client);
        var body = new string('x', 200_000);

        using var got = await http.GetAsync("/got?q=1", Cancelled);
        using var content = new StringContent(body);
        using var posted = await http.PostAsync("/posted", content, Cancelled);

        Assert.Equal(client is ClientKind.H1 or ClientKind.H1Tls ? HttpVersion.Version11 : HttpVersion.Version20, got.Version);
        var spoken = backend is ClientKind.H1 or ClientKind.H1Tls ? "HTTP/1.1" : "HTTP/2";
        Assert.Equal($"GET /got?q=1 {spoken} ", await got.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal($"POST /posted {spoken} {body}", await posted.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Web_sockets_pass_both_ways_and_close_cleanly(ClientKind client, ClientKind backend)
    {
        await using var server = await StartBackendAsync(backend);
        await using var gateway = await StartAsync(server, backend);
        using var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(gateway.CreateHandler());
        socket.Options.HttpVersion = client is ClientKind.H1 or ClientKind.H1Tls ? HttpVersion.Version11 : HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.AddSubProtocol("chat");

        var address = gateway.UriOf(client);
        await socket.ConnectAsync(new UriBuilder(address) { Scheme = address.Scheme == "https" ? "wss" : "ws", Path = "/ws" }.Uri, invoker, Cancelled);
        Assert.Equal("chat", socket.SubProtocol);
        var buffer = new byte[100_000];
        foreach (var length in new[] { 1, 125, 126, 65_536, 90_000 })
        {
            var message = Encoding.ASCII.GetBytes(new string('m', length));
            await socket.SendAsync(message, WebSocketMessageType.Binary, true, Cancelled);
            Assert.Equal(message, await ReceiveAsync(socket, buffer));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Cancelled);
        Assert.Equal((WebSocketCloseStatus.NormalClosure, "done too"), (socket.CloseStatus, socket.CloseStatusDescription));
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket socket, byte[] buffer)
    {
        for (var length = 0; ;)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), Cancelled);
            length += received.Count;
            if (received.EndOfMessage)
            {
                return buffer[..length];
            }
        }
    }

    private Task<ScriptedBackend> StartBackendAsync(ClientKind kind) => ScriptedBackend.StartAsync(
        AnswerAsync,
        kind is ClientKind.H1 or ClientKind.H1Tls ? HttpProtocols.Http1 : HttpProtocols.Http2,
        kind is ClientKind.H1Tls or ClientKind.H2Tls ? _authority : null);

    private Task<Gateway> StartAsync(ScriptedBackend backend, ClientKind kind) => Gateway.StartAsync(_authority, backend.Address, options =>
        options.Pools["web"].HttpVersion = kind == ClientKind.H2C ? BackendHttpVersion.Http2 : BackendHttpVersion.Auto);

    private static async Task AnswerAsync(HttpContext context)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync("chat");
            var buffer = new byte[10_000];
            ValueWebSocketReceiveResult received;
            while ((received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted)).MessageType != WebSocketMessageType.Close)
            {
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done too", context.RequestAborted);
            return;
        }

        await context.Response.WriteAsync($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Protocol} ");
        await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
