using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tests;

/// <summary>A real HTTP server that says its name and what it was asked.</summary>
internal sealed class TestBackend : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private TestBackend(string name, WebApplication app)
    {
        Name = name;
        _app = app;
    }

    public string Name { get; }

    public string Address => _app.Urls.Single();

    /// <summary>Requests it was sent, those for <c>/hang</c> included.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Answers in place of what it does by itself.</summary>
    public RequestDelegate? Script { get; set; }

    public static async Task<TestBackend> StartAsync(string name, HttpProtocols protocols = HttpProtocols.Http1, Action<ListenOptions>? configure = null, RequestDelegate? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                configure?.Invoke(listen);
            });
        });
        var app = builder.Build();
        var backend = new TestBackend(name, app);
        app.UseWebSockets();
        app.Run(answer is null ? backend.AnswerAsync : backend.Count(answer));
        await app.StartAsync();
        return backend;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private RequestDelegate Count(RequestDelegate answer) => context =>
    {
        Interlocked.Increment(ref _requests);
        return answer(context);
    };

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        if (Script is { } script)
        {
            await script(context);
            return;
        }

        var request = context.Request;
        var length = 0L;
        context.Response.Headers["X-Replica"] = Name;
        switch (request.Path.Value)
        {
            case "/ws":
                using (var socket = await context.WebSockets.AcceptWebSocketAsync())
                {
                    await EchoAsync(socket, context.RequestAborted);
                }

                return;
            case "/hang":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            case "/abort":
                context.Abort();
                return;
            case "/half":
                await context.Response.WriteAsync("hello");
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            case "/strange-control":
                context.Response.Headers.CacheControl = "no-store, max-age=-1";
                break;
            case "/no-cache":
                context.Response.Headers.CacheControl = "no-cache";
                break;
            case "/length":
                length = await CountAsync(request.Body, context.RequestAborted);
                break;
            case "/cookie":
                context.Response.Cookies.Append("of", Name);
                break;
            case "/private":
                context.Response.Headers.CacheControl = "private";
                break;
            case "/vary":
                context.Response.Headers.Vary = "X-Language";
                break;
            case "/missing":
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }

        await context.Response.WriteAsJsonAsync(new Answer(
            Name,
            request.Method,
            request.Path.Value + request.QueryString,
            request.Protocol,
            request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            Requests,
            length));
    }

    private static async Task<long> CountAsync(Stream body, CancellationToken aborted)
    {
        var buffer = new byte[64 * 1024];
        var length = 0L;
        while (await body.ReadAsync(buffer, aborted) is > 0 and var read)
        {
            length += read;
        }

        return length;
    }

    private async Task EchoAsync(WebSocket socket, CancellationToken aborted)
    {
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, aborted) is { MessageType: not WebSocketMessageType.Close } received)
        {
            byte[] answer = [.. System.Text.Encoding.UTF8.GetBytes($"{Name}: "), .. buffer[..received.Count]];
            await socket.SendAsync(answer, received.MessageType, received.EndOfMessage, aborted);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, aborted);
    }
}
