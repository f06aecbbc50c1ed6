using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>Sends a request's body to the backend while its answer may be coming already.</summary>
internal sealed class RequestBodySender
{
    private const int BufferSize = 64 * 1024;
    private const int StreamBufferSize = 16 * 1024;

    // The size of a chunk in hexadecimal digits, and two line ends.
    private const int ChunkFraming = 12;

    // For what is done already, and was not noticed yet.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromMilliseconds(200);

    private readonly PipeReader _reader;
    private readonly BackendConnection _connection;
    private readonly bool _isChunked;
    private readonly long _idle;
    private readonly bool _isServersOwn;
    private readonly Task _sending;
    private long _left;
    private volatile bool _isEnding;

    private RequestBodySender(HttpRequest request, long sent, BackendConnection connection, long idle)
    {
        _isServersOwn = IsServersOwn(request);
        // One that was put in its place is read anew for each attempt, and wants to be read to its very end.
        _reader = _isServersOwn ? request.BodyReader : PipeReader.Create(request.Body, new StreamPipeReaderOptions(bufferSize: StreamBufferSize, leaveOpen: true));
        _connection = connection;
        _isChunked = request.ContentLength is null;
        _left = (_isServersOwn ? request.ContentLength ?? long.MaxValue : long.MaxValue) - sent;
        _idle = idle;
        _sending = SendAsync();
    }

    /// <summary>What went wrong; <see cref="ForwarderError.None"/> when nothing did.</summary>
    public ForwarderError Error { get; private set; }

    /// <summary>What went wrong.</summary>
    public Exception? Exception { get; private set; }

    /// <summary>Sends the rest of a body, behind what is in the first buffer.</summary>
    public static RequestBodySender Start(HttpRequest request, long sent, BackendConnection connection, long idle) => new(request, sent, connection, idle);

    /// <summary>Whether a body is read from the server itself: its reader can be asked what is there, and used again.</summary>
    public static bool IsServersOwn(HttpRequest request) => request.Body.GetType().Assembly == typeof(KestrelServer).Assembly;

    /// <summary>Puts what has come of the body already behind the head, as far as it fits.</summary>
    /// <returns>Length of both; bytes of the body in it; whether the body is whole then.</returns>
    public static (int Length, long Body, bool IsWhole) AppendTo(byte[] buffer, int length, HttpRequest request)
    {
        var reader = request.BodyReader;
        if (!reader.TryRead(out var result))
        {
            return (length, 0, false);
        }

        var isChunked = request.ContentLength is null;
        var taken = Write(buffer, ref length, result.Buffer, isChunked);
        reader.AdvanceTo(result.Buffer.GetPosition(taken));
        var isWhole = isChunked ? result.IsCompleted && taken == result.Buffer.Length && TryWriteEnd(buffer, ref length) : taken == request.ContentLength;
        return (length, taken, isWhole);
    }

    /// <summary>Whether all of it was sent, so that the connection can carry another request.</summary>
    public async ValueTask<bool> IsSentAsync()
    {
        if (_isEnding)
        {
            // The backend has answered what it has all of, and whoever sent that need not know yet; or it wants no more,
            // and the end of the body is stuck on its way.
            await _sending.WaitAsync(LongestEnd).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return _sending.IsCompletedSuccessfully && Error == ForwarderError.None;
    }

    /// <summary>Ends it: what was not sent yet is not wanted.</summary>
    /// <returns>Ends when nothing is read or sent any more.</returns>
    public Task StopAsync()
    {
        if (!_sending.IsCompleted)
        {
            _connection.Close(CloseCause.Done);
            _reader.CancelPendingRead();
        }

        return _sending;
    }

    private async Task SendAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (await SendNextAsync(buffer))
            {
                _connection.ExpireAfter(_idle);
            }

            _connection.ExpireAfter(_idle);
        }
        catch (SocketException exception)
        {
            // It may have answered before: that is seen by whoever receives.
            (Error, Exception) = (ForwarderError.RequestBodyDestination, exception);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            (Error, Exception) = (ForwarderError.RequestBodyClient, exception);
            _connection.Close(CloseCause.Aborted);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (!_isServersOwn)
        {
            await _reader.CompleteAsync();
        }
    }

    /// <returns>Whether there is more.</returns>
    private async ValueTask<bool> SendNextAsync(byte[] buffer)
    {
        var result = await _reader.ReadAsync();
        var rest = result.Buffer;
        _left -= rest.Length;
        _isEnding = result.IsCompleted || _left == 0;
        try
        {
            if (result.IsCanceled)
            {
                throw new OperationCanceledException();
            }

            while (!rest.IsEmpty)
            {
                var length = 0;
                rest = rest.Slice(Write(buffer, ref length, rest, _isChunked));
                await SendAsync(buffer.AsMemory(0, length));
            }

            if (!_isEnding)
            {
                return true;
            }

            var end = 0;
            if (_isChunked && TryWriteEnd(buffer, ref end))
            {
                await SendAsync(buffer.AsMemory(0, end));
            }

            return false;
        }
        finally
        {
            _reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (!await _connection.SendAsync(bytes))
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    /// <returns>Bytes of the body that fitted.</returns>
    private static int Write(byte[] buffer, ref int length, ReadOnlySequence<byte> body, bool isChunked)
    {
        var room = buffer.Length - length - (isChunked ? ChunkFraming : 0);
        var size = (int)Math.Min(body.Length, room);
        if (size <= 0)
        {
            return 0;
        }

        if (isChunked)
        {
            size.TryFormat(buffer.AsSpan(length), out var digits, "x", CultureInfo.InvariantCulture);
            length += digits;
            "\r\n"u8.CopyTo(buffer.AsSpan(length));
            length += 2;
        }

        body.Slice(0, size).CopyTo(buffer.AsSpan(length));
        length += size;
        if (isChunked)
        {
            "\r\n"u8.CopyTo(buffer.AsSpan(length));
            length += 2;
        }

        return size;
    }

    private static bool TryWriteEnd(byte[] buffer, ref int length)
    {
        var written = "0\r\n\r\n"u8.TryCopyTo(buffer.AsSpan(length));
        length += written ? 5 : 0;
        return written;
    }
}
