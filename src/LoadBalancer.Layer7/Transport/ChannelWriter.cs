using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Layer7.Transport;

/// <summary>
/// Sends when it is flushed, from where the flush is called; a flush ends when the kernel has taken everything. Between
/// two flushes it holds no memory.
/// </summary>
internal sealed class ChannelWriter(LoopChannel channel) : PipeWriter
{
    private const int SmallBuffer = 4 * 1024;

    private const int Flushing = 1;
    private const int Completed = 2;

    private readonly Queue<(byte[] Buffer, int Length)> _full = new();
    private byte[]? _buffer;
    private int _length;
    private int _sent;
    private long _unflushed;
    private int _state;
    private volatile bool _isBroken;
    private volatile bool _isCanceled;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unflushed;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsSpan(_length);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)((_buffer?.Length ?? 0) - _length));
        _length += bytes;
        _unflushed += bytes;
    }

    public override void CancelPendingFlush()
    {
        _isCanceled = true;
        channel.WakeSender();
    }

    public override void Complete(Exception? exception = null)
    {
        // A flush that was given up still has the buffers; it gives them back when it is woken, by the close that follows.
        if (Interlocked.Or(ref _state, Completed) != 0)
        {
            return;
        }

        if (exception is null)
        {
            TrySendAll();
        }

        Release();
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        !cancellationToken.IsCancellationRequested && TryFlush(out var result) ? new(result) : FlushSlowlyAsync(cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FlushSlowlyAsync(CancellationToken cancellation)
    {
        using var cancelled = cancellation.UnsafeRegister(static channel => ((LoopChannel)channel!).WakeSender(), channel);
        Interlocked.Or(ref _state, Flushing);
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                if (TryFlush(out var result))
                {
                    return result;
                }

                if (!cancellation.IsCancellationRequested)
                {
                    await channel.WaitToSendAsync();
                }
            }
        }
        finally
        {
            if ((Interlocked.And(ref _state, ~Flushing) & Completed) != 0)
            {
                Release();
            }
        }
    }

    private bool TryFlush(out FlushResult result)
    {
        var isDone = TrySendAll();
        var isCanceled = _isCanceled;
        _isCanceled = false;
        var isComplete = (Volatile.Read(ref _state) & Completed) != 0;
        result = new(isCanceled, isComplete || _isBroken);
        return isDone || isCanceled;
    }

    /// <returns>Whether nothing is left, or nothing can be sent any more.</returns>
    private bool TrySendAll()
    {
        while (_full.TryPeek(out var full))
        {
            if (!TrySend(full.Buffer, full.Length))
            {
                return false;
            }

            ArrayPool<byte>.Shared.Return(_full.Dequeue().Buffer);
        }

        if (_buffer is null)
        {
            return true;
        }

        if (!TrySend(_buffer, _length))
        {
            return false;
        }

        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        _length = 0;
        return true;
    }

    private bool TrySend(byte[] buffer, int length)
    {
        while (_sent < length && !_isBroken)
        {
            var sent = channel.TrySend(buffer.AsSpan(_sent, length - _sent));
            if (sent == Channel.WouldBlock)
            {
                return false;
            }

            if (sent < 0)
            {
                _isBroken = true;
                channel.Abort();
                break;
            }

            _sent += sent;
            _unflushed -= sent;
        }

        _sent = 0;
        _unflushed = _isBroken ? 0 : _unflushed;
        return true;
    }

    private void MakeRoom(int sizeHint)
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(sizeHint, SmallBuffer));
        }
        else if (_buffer.Length - _length < Math.Max(sizeHint, 1))
        {
            _full.Enqueue((_buffer, _length));
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(sizeHint, Math.Min(2 * _buffer.Length, 16 * SmallBuffer)));
            _length = 0;
        }
    }

    private void Release()
    {
        while (_full.TryDequeue(out var full))
        {
            ArrayPool<byte>.Shared.Return(full.Buffer);
        }

        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _length = 0;
        _unflushed = 0;
    }
}
