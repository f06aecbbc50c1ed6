using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Layer7.Transport;

/// <summary>
/// Reads a socket when it is asked to, and not ahead: what the reader does not take stays with the kernel, and its
/// sender waits. While there is nothing to read it holds no memory.
/// </summary>
internal sealed class ChannelReader(LoopChannel channel) : PipeReader
{
    private const int SmallBuffer = 4 * 1024;
    private const int LargeBuffer = 64 * 1024;

    private byte[]? _buffer;
    private int _start;
    private int _end;
    private int _size = SmallBuffer;
    private bool _isExamined = true;
    private bool _isEnd;
    private bool _isComplete;
    private volatile bool _isCanceled;

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_buffer is null || !ReferenceEquals(consumed.GetObject(), _buffer))
        {
            // Of an empty buffer there is nothing to take.
            return;
        }

        _start = consumed.GetInteger();
        _isExamined = examined.GetInteger() == _end;
        if (_start == _end)
        {
            _start = _end = 0;
            _isExamined = true;
        }
    }

    public override void CancelPendingRead()
    {
        _isCanceled = true;
        channel.WakeReceiver();
    }

    public override void Complete(Exception? exception = null)
    {
        _isComplete = true;
        Release();
    }

    public override bool TryRead(out ReadResult result)
    {
        ObjectDisposedException.ThrowIf(_isComplete, this);
        if (!_isExamined || _isCanceled || _isEnd)
        {
            result = Result();
            return true;
        }

        if (Fill())
        {
            result = Result();
            return true;
        }

        result = default;
        return false;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        !cancellationToken.IsCancellationRequested && TryRead(out var result) ? new(result) : ReadSlowlyAsync(cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadSlowlyAsync(CancellationToken cancellation)
    {
        using var cancelled = cancellation.UnsafeRegister(static channel => ((LoopChannel)channel!).WakeReceiver(), channel);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryRead(out var result))
            {
                return result;
            }

            if (_isCanceled || cancellation.IsCancellationRequested)
            {
                // The receive forgets what it was told before it, this as well.
                continue;
            }

            if (_start == _end)
            {
                Release();
            }

            await channel.WaitToReceiveAsync();
        }
    }

    // Receives what is there; whether that was something, be it the end.
    private bool Fill()
    {
        if (channel.IsDrained)
        {
            return false;
        }

        MakeRoom();
        var room = _buffer.AsSpan(_end);
        var received = channel.TryReceive(room);
        if (received == Channel.WouldBlock)
        {
            return false;
        }

        if (received <= 0)
        {
            _isEnd = true;
            return true;
        }

        _end += received;
        _isExamined = false;
        // A long body is read in larger pieces.
        _size = received == room.Length ? Math.Min(2 * _size, LargeBuffer) : _size;
        return true;
    }

    private void MakeRoom()
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(_size);
            _start = _end = 0;
        }
        else if (_start == _end && _buffer.Length < _size)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(_size);
            _start = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            // What was not taken stays in front; whoever reads has seen it all and asks for more.
            var before = _buffer;
            var left = _end - _start;
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(_size, 2 * left));
            before.AsSpan(_start, left).CopyTo(_buffer);
            ArrayPool<byte>.Shared.Return(before);
            _start = 0;
            _end = left;
        }
    }

    private ReadResult Result()
    {
        var isCanceled = _isCanceled;
        _isCanceled = false;
        return new(_buffer is null ? default : new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled, _isEnd);
    }

    private void Release()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _start = _end = 0;
        _size = SmallBuffer;
    }
}
