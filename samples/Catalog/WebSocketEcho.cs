using System.Net.WebSockets;
using System.Text;
using ServiceDefaults;

namespace Catalog;

/// <summary>Answers each WebSocket message with <c>replica pid message</c>.</summary>
internal static class WebSocketEcho
{
    private const int LongestMessage = 64 * 1024;

    public static void MapWebSocketEcho(this IEndpointRouteBuilder app) => app.Map("/ws", ServeAsync);

    private static async Task<IResult> ServeAsync(HttpContext context, ReplicaIdentity me, IHostApplicationLifetime lifetime)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return Results.Problem("This is a WebSocket endpoint.", statusCode: StatusCodes.Status400BadRequest);
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        try
        {
            await EchoAsync(socket, me, lifetime.ApplicationStopping);
        }
        catch (WebSocketException)
        {
            // The client is gone without a close; there is nobody left to answer.
        }

        return Results.Empty;
    }

    private static async Task EchoAsync(WebSocket socket, ReplicaIdentity me, CancellationToken stopping)
    {
        var prefix = Encoding.UTF8.GetBytes($"{me.Replica} {me.Pid} ");
        var buffer = new byte[prefix.Length + LongestMessage];
        prefix.CopyTo(buffer, 0);

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = stopping.Register(stopped.SetResult);
        WebSocketCloseStatus? ended;
        do
        {
            ended = await EchoMessageAsync(socket, buffer, prefix.Length, stopped.Task);
        }
        while (ended is null);

        await socket.CloseOutputAsync(ended.Value, null, CancellationToken.None);
    }

    /// <returns>The status to close with; null while the conversation goes on.</returns>
    private static async Task<WebSocketCloseStatus?> EchoMessageAsync(WebSocket socket, byte[] buffer, int start, Task stopped)
    {
        var end = start;
        while (true)
        {
            // A cancelled receive aborts the socket, so a stopping server leaves the receive alone and closes.
            var receive = socket.ReceiveAsync(buffer.AsMemory(end), CancellationToken.None).AsTask();
            if (await Task.WhenAny(receive, stopped) != receive)
            {
                return WebSocketCloseStatus.EndpointUnavailable;
            }

            var result = await receive;
            end += result.Count;
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return WebSocketCloseStatus.NormalClosure;
            }

            if (result.EndOfMessage)
            {
                await socket.SendAsync(buffer.AsMemory(0, end), result.MessageType, endOfMessage: true, CancellationToken.None);
                return null;
            }

            if (end == buffer.Length)
            {
                return WebSocketCloseStatus.MessageTooBig;
            }
        }
    }
}
