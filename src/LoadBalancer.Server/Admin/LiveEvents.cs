using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using LoadBalancer.Discovery;

namespace LoadBalancer.Server.Admin;

/// <summary>
/// <c>GET /events</c>: the figures as server-sent events (HTML standard, section 9.2), once a second.
/// <c>whole</c> is all of them, <c>changes</c> what differs from the event before, <c>picks</c> the newest picks.
/// </summary>
internal static class LiveEvents
{
    private const int MostPicks = 50;

    public static async Task StreamAsync(HttpContext context)
    {
        var services = context.RequestServices;
        var feed = services.GetRequiredService<LiveFeed>();
        using var place = feed.TryEnter();
        if (place is null)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync($"At most {LiveFeed.MostReaders} readers of /events at a time; GET /stats answers always.\n", context.RequestAborted);
            return;
        }

        // A process that stops must not wait for those who watch it.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        var picks = services.GetRequiredService<BackendPools>().Picks;
        using var watching = picks.Watch();
        try
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            var writer = context.Response.BodyWriter;
            Write(writer, "retry: 1000\n\n");
            await SendAsync(context, writer, feed, picks, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The reader went, or the process stops.
        }
    }

    private static async Task SendAsync(HttpContext context, PipeWriter writer, LiveFeed feed, Diagnostics.PickLog picks, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(LiveFeed.Interval, context.RequestServices.GetRequiredService<TimeProvider>());
        var (known, seen) = (0L, 0L);
        do
        {
            var sample = feed.Take();
            if (sample.Number != known)
            {
                WriteEvent(writer, sample.Number - 1 == known ? sample.Changes : null, sample.Whole);
                known = sample.Number;
            }

            if (picks.After(seen, MostPicks) is { Count: > 0 } newer)
            {
                seen = newer[^1].Number;
                WriteEvent(writer, "picks", JsonSerializer.SerializeToUtf8Bytes(newer, PickJsonContext.Default.IReadOnlyListPickStatistics));
            }

            // Ends when the reader has taken it; what happens meanwhile is in the newest sample then, and nothing queues.
            await writer.FlushAsync(cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    private static void WriteEvent(PipeWriter writer, ReadOnlyMemory<byte>? changes, ReadOnlyMemory<byte> whole)
    {
        if (changes is { } shorter)
        {
            WriteEvent(writer, "changes", shorter.Span);
        }
        else
        {
            WriteEvent(writer, "whole", whole.Span);
        }
    }

    // Compact JSON has no line breaks, so one data line is enough.
    private static void WriteEvent(PipeWriter writer, string name, ReadOnlySpan<byte> data)
    {
        Write(writer, string.Create(CultureInfo.InvariantCulture, $"event: {name}\ndata: "));
        writer.Write(data);
        Write(writer, "\n\n");
    }

    private static void Write(PipeWriter writer, string text) => Encoding.UTF8.GetBytes(text, writer);
}
