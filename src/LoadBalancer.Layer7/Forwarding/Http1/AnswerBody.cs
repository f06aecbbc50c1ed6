using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Layer7.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Copies the body of an answer. What was received is passed on at once, and no more is received until the client has
/// taken enough of it.
/// </summary>
internal static class AnswerBody
{
    private const int BufferSize = 64 * 1024;

    /// <summary>Copies a body of known length, or one that ends with the connection.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ForwarderError> CopyAsync(HttpContext context, BackendConnection connection, long? length, TimeSpan idle)
    {
        var writer = context.Response.BodyWriter;
        var left = length ?? long.MaxValue;
        var received = connection.Unread.IsEmpty ? await ReceiveAsync(context, connection, idle) : connection.Unread.Length;
        if (received > 0)
        {
            // What came with the head, or right behind it.
            var first = (int)Math.Min(received, left);
            left -= first;
            var write = writer.WriteAsync(connection.UnreadMemory[..first]);
            var isTaken = await IsTakenAsync(write, connection, idle);
            connection.Consume(first);
            if (!isTaken)
            {
                return ForwarderError.ResponseBodyClient;
            }
        }

        while (received > 0 && left > 0)
        {
            var memory = writer.GetMemory((int)Math.Min(left, BufferSize));
            connection.ExpireAfter((long)idle.TotalMilliseconds);
            received = await connection.ReceiveAsync(memory.Length > left ? memory[..(int)left] : memory);
            if (received > 0)
            {
                left -= received;
                writer.Advance(received);
                if (!await IsTakenAsync(writer.FlushAsync(), connection, idle))
                {
                    return ForwarderError.ResponseBodyClient;
                }
            }
        }

        return left == 0 || (received == 0 && length is null) ? ForwarderError.None : ForwarderError.ResponseBodyDestination;
    }

    /// <summary>Copies a body out of its chunks.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ForwarderError> CopyChunksAsync(HttpContext context, BackendConnection connection, TimeSpan idle)
    {
        var writer = context.Response.BodyWriter;
        var chunks = default(ChunkedBody);
        while (true)
        {
            var isSound = Decode(ref chunks, connection, context, writer, out var written);
            if (isSound && chunks.IsComplete && SendsWithEnd(context))
            {
                return ForwarderError.None;
            }

            if (written > 0 && !await IsTakenAsync(writer.FlushAsync(), connection, idle))
            {
                return ForwarderError.ResponseBodyClient;
            }

            if (isSound && chunks.IsComplete)
            {
                return ForwarderError.None;
            }

            if (connection.IsFull)
            {
                connection.Grow(BufferSize);
            }

            if (!isSound || await ReceiveAsync(context, connection, idle) <= 0)
            {
                return ForwarderError.ResponseBodyDestination;
            }
        }
    }

    /// <summary>Waits until the client has taken enough of what was written.</summary>
    /// <returns>Whether it did, in time.</returns>
    public static async ValueTask<bool> IsTakenAsync(ValueTask<FlushResult> flush, BackendConnection connection, TimeSpan idle)
    {
        try
        {
            if (!flush.IsCompletedSuccessfully)
            {
                // From here on it is the client that takes its time, not the backend.
                connection.NeverExpire();
                flush = new(await flush.AsTask().WaitAsync(idle));
            }

            return flush.Result is { IsCompleted: false, IsCanceled: false };
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or TimeoutException)
        {
            return false;
        }
    }

    // The client gets the head at least, when the body takes its time.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<int> ReceiveAsync(HttpContext context, BackendConnection connection, TimeSpan idle)
    {
        connection.ExpireAfter((long)idle.TotalMilliseconds);
        // Once: a cache in between may keep the head to itself.
        var isHeadOffered = context.Response.HasStarted;
        int received;
        while ((received = connection.TryReceive()) == Channel.WouldBlock)
        {
            if (isHeadOffered)
            {
                await connection.WaitToReceiveAsync();
                continue;
            }

            isHeadOffered = true;
            if (!await IsHeadTakenAsync(context.Response, idle))
            {
                connection.Close(CloseCause.Aborted);
            }
        }

        return received;
    }

    // A writer that has nothing to write may keep a flush to itself; the stream does not.
    private static async ValueTask<bool> IsHeadTakenAsync(HttpResponse response, TimeSpan idle)
    {
        try
        {
            await response.Body.FlushAsync().WaitAsync(idle);
            return true;
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or TimeoutException)
        {
            return false;
        }
    }

    // Whether what was written and not flushed goes out together with the end: nobody but us flushes what a cache, say,
    // has put in between, and Kestrel loses it where the client speaks HTTP/3.
    private static bool SendsWithEnd(HttpContext context) =>
        !HttpProtocol.IsHttp3(context.Request.Protocol)
        && ReferenceEquals(context.Features.Get<IHttpResponseBodyFeature>(), context.Features.Get<IHttpRequestFeature>());

    // As the extension does, but for a writer without room: Kestrel's own has none when a client of HTTP/3 has gone, which
    // the next flush says.
    private static void Write(PipeWriter writer, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty && writer.GetSpan() is { IsEmpty: false } room)
        {
            var length = Math.Min(room.Length, data.Length);
            data[..length].CopyTo(room);
            writer.Advance(length);
            data = data[length..];
        }
    }

    private static bool Decode(ref ChunkedBody chunks, BackendConnection connection, HttpContext context, PipeWriter writer, out int written)
    {
        written = 0;
        while (!chunks.IsComplete)
        {
            if (!chunks.TryRead(connection.Unread, out var consumed, out var data, out var trailer))
            {
                return false;
            }

            if (trailer is { } field && context.Features.Get<IHttpResponseTrailersFeature>() is { Trailers.IsReadOnly: false } feature)
            {
                feature.Trailers[field.Key] = StringValues.Concat(feature.Trailers[field.Key], field.Value);
            }

            Write(writer, data);
            written += data.Length;
            connection.Consume(consumed);
            if (consumed == 0)
            {
                return true;
            }
        }

        return true;
    }
}
