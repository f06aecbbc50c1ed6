using System.Buffers;
using System.Runtime.CompilerServices;
using LoadBalancer.Layer7.Transport;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// A connection to a backend, with what it sent. Its owner uses it; everyone may close it. While it rests it has no
/// owner, and a backend that closes it or speaks unasked makes it useless.
/// </summary>
internal sealed class BackendConnection
{
    private const int UsualBuffer = 4 * 1024;
    private const long Never = long.MaxValue;
    private const long Expired = long.MinValue;

    private const int Used = 0;
    private const int Resting = 1;
    private const int Closed = 2;

    private readonly Channel _channel;
    private readonly ConnectionSweep _sweep;
    private byte[]? _buffer;
    private int _start;
    private int _end;
    private int _state = Used;
    private long _deadline = Never;
    private volatile CloseCause _cause;

    /// <summary>Takes over a connected channel.</summary>
    public BackendConnection(Channel channel, ConnectionSweep sweep)
    {
        _channel = channel;
        _sweep = sweep;
        channel.Stirred = CloseIfResting;
        sweep.Add(this);
    }

    /// <summary>Why it was closed.</summary>
    public CloseCause Cause => _cause;

    /// <summary>Whether it is of no use any more.</summary>
    public bool IsClosed => Volatile.Read(ref _state) == Closed;

    /// <summary>Bytes that were received and not read yet.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>As <see cref="Unread"/>; good until the next receive.</summary>
    public ReadOnlyMemory<byte> UnreadMemory => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Whether the buffer is filled to its end: more is likely to be there.</summary>
    public bool IsFull => _buffer is not null && _end == _buffer.Length;

    /// <summary>Closes it unless this is called again, or it rests, within a time in milliseconds.</summary>
    public void ExpireAfter(long milliseconds) => Volatile.Write(ref _deadline, Environment.TickCount64 + milliseconds);

    /// <summary>Does not close it until <see cref="ExpireAfter"/> is called again, or it rests.</summary>
    public void NeverExpire() => Volatile.Write(ref _deadline, Never);

    /// <summary>Sends all of it.</summary>
    /// <returns>Whether that succeeded.</returns>
    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes) => _channel.SendAsync(bytes);

    /// <summary>Receives behind what is unread, without waiting.</summary>
    /// <returns>The number of bytes; 0 at the end; or as <see cref="Channel"/> says.</returns>
    public int TryReceive()
    {
        MakeRoom();
        var received = _channel.TryReceive(_buffer.AsSpan(_end));
        _end += Math.Max(received, 0);
        return received;
    }

    /// <summary>Waits until a receive may find something.</summary>
    public ValueTask WaitToReceiveAsync() => _channel.WaitToReceiveAsync();

    /// <summary>Receives into other memory than its own, for a body that needs no looking at.</summary>
    /// <returns>The number of bytes; 0 at the end; <see cref="Channel.Broken"/>.</returns>
    public ValueTask<int> ReceiveAsync(Memory<byte> memory)
    {
        var received = _channel.TryReceive(memory.Span);
        return received == Channel.WouldBlock ? WaitAndReceiveAsync(memory) : new(received);
    }

    /// <summary>Drops bytes that were read.</summary>
    public void Consume(int count) => _start += count;

    /// <summary>Makes the buffer at least as large as this.</summary>
    public void Grow(int size)
    {
        if (_buffer!.Length < size)
        {
            var before = _buffer;
            _buffer = ArrayPool<byte>.Shared.Rent(size);
            before.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
            ArrayPool<byte>.Shared.Return(before);
        }
    }

    /// <summary>Leaves its memory to whoever may still read it, when a write of it was given up: it must not become another's.</summary>
    public void ForgetBuffer()
    {
        _buffer = null;
        _start = _end = 0;
    }

    /// <summary>Lays it to rest, for at most a time in milliseconds. It keeps no memory.</summary>
    /// <returns>Whether it can be used again; if not, it has to be closed.</returns>
    public bool TryRest(long milliseconds)
    {
        // What the backend says after its answer is no answer to anything.
        if (_start != _end || _cause != CloseCause.None || !IsQuiet(isSure: false))
        {
            return false;
        }

        FreeBuffer();
        return Interlocked.Exchange(ref _deadline, Environment.TickCount64 + milliseconds) != Expired
            && Interlocked.CompareExchange(ref _state, Resting, Used) == Used;
    }

    /// <summary>Ends its rest.</summary>
    /// <param name="isSure">Whether to ask the kernel, rather than to go by what it has told.</param>
    /// <returns>Whether it can be used; if not, it is closed.</returns>
    public bool TryWake(bool isSure)
    {
        if (Interlocked.CompareExchange(ref _state, Used, Resting) != Resting)
        {
            return false;
        }

        if (Interlocked.Exchange(ref _deadline, Never) != Expired && IsQuiet(isSure))
        {
            return true;
        }

        Close(CloseCause.Stale);
        return false;
    }

    /// <summary>Closes it, which ends what is under way. May be called by anyone; the first cause is kept.</summary>
    public void Close(CloseCause cause)
    {
        if (Interlocked.Exchange(ref _state, Closed) != Closed)
        {
            Free(cause);
        }
    }

    /// <summary>Closes it, and gives back its memory: for its owner, when nothing is under way any more.</summary>
    public void End()
    {
        Close(CloseCause.Done);
        FreeBuffer();
    }

    /// <summary>Whether its time is over.</summary>
    public bool IsExpired(long now) => Volatile.Read(ref _deadline) <= now;

    /// <summary>Closes it when its time is over.</summary>
    public void CloseIfExpired(long now)
    {
        var deadline = Volatile.Read(ref _deadline);
        if (deadline <= now && Interlocked.CompareExchange(ref _deadline, Expired, deadline) == deadline)
        {
            Close(CloseCause.Expired);
        }
    }

    // Whatever comes to a connection that rests, it is of no use any more.
    private void CloseIfResting(bool ends)
    {
        if (Volatile.Read(ref _state) == Resting && Interlocked.CompareExchange(ref _state, Closed, Resting) == Resting)
        {
            Free(CloseCause.Stale);
        }
    }

    private void Free(CloseCause cause)
    {
        _cause = cause;
        _sweep.Remove(this);
        _channel.Close();
    }

    private bool IsQuiet(bool isSure)
    {
        if (isSure)
        {
            _channel.Distrust();
        }

        Span<byte> one = stackalloc byte[1];
        return _channel.TryReceive(one) == Channel.WouldBlock;
    }

    private void MakeRoom()
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(UsualBuffer);
            _start = _end = 0;
        }
        else if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_end == _buffer.Length && _start > 0)
        {
            Unread.CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        else if (_end == _buffer.Length)
        {
            Grow(2 * _buffer.Length);
        }
    }

    private void FreeBuffer()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
            _start = _end = 0;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAndReceiveAsync(Memory<byte> memory)
    {
        while (true)
        {
            await _channel.WaitToReceiveAsync();
            var received = _channel.TryReceive(memory.Span);
            if (received != Channel.WouldBlock)
            {
                return received;
            }
        }
    }
}
