using System.Buffers;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// A connection to a backend. While it rests, a receive is under way: a backend that closes, or speaks unasked, is
/// noticed at once, and the next answer costs nothing more, since the same receive gets it.
/// </summary>
internal sealed class BackendConnection : IValueTaskSource<int>
{
    /// <summary>What a receive says when the connection broke, in place of a number of bytes.</summary>
    public const int Broken = -1;

    private const int UsualBuffer = 4 * 1024;
    private const long Never = long.MaxValue;
    private const long Expired = long.MinValue;

    private const int Used = 0;
    private const int Resting = 1;
    private const int Closed = 2;

    private readonly Socket _socket;
    private readonly ConnectionSweep _sweep;
    private readonly Receiver _receiver;
    private ManualResetValueTaskSourceCore<int> _received;
    private readonly byte[] _usualBuffer = new byte[UsualBuffer];
    private byte[] _buffer;
    private int _start;
    private int _end;
    private bool _isArmed;
    private int _state = Used;
    private long _deadline = Never;
    private volatile CloseCause _cause;

    /// <summary>Takes over a connected socket.</summary>
    public BackendConnection(Socket socket, ConnectionSweep sweep)
    {
        _socket = socket;
        _sweep = sweep;
        _receiver = new Receiver(this);
        _buffer = _usualBuffer;
        sweep.Add(this);
    }

    /// <summary>Why it was closed.</summary>
    public CloseCause Cause => _cause;

    /// <summary>Bytes that were received and not read yet.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>As <see cref="Unread"/>; good until the next receive.</summary>
    public ReadOnlyMemory<byte> UnreadMemory => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Whether the last receive filled the buffer to its end: more is likely to be there.</summary>
    public bool IsFull => _end == _buffer.Length;

    /// <summary>Closes it unless this is called again, or it rests, within a time in milliseconds.</summary>
    public void ExpireAfter(long milliseconds) => Volatile.Write(ref _deadline, Environment.TickCount64 + milliseconds);

    /// <summary>Sends all of it.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => _socket.SendAsync(bytes, SocketFlags.None);

    /// <summary>Receives behind what is unread.</summary>
    /// <returns>The number of bytes, which are unread then; 0 at the end; <see cref="Broken"/>.</returns>
    public ValueTask<int> ReceiveAsync()
    {
        if (_isArmed)
        {
            _isArmed = false;
            return new(this, _received.Version);
        }

        MakeRoom();
        return ReceiveAsync(_buffer.AsMemory(_end));
    }

    /// <summary>Receives into other memory than its own, for a body that needs no looking at.</summary>
    /// <returns>The number of bytes; 0 at the end; <see cref="Broken"/>.</returns>
    public ValueTask<int> ReceiveAsync(Memory<byte> memory)
    {
        try
        {
            _received.Reset();
            _receiver.SetBuffer(memory);
            return _socket.ReceiveAsync(_receiver) ? new(this, _received.Version) : new(_receiver.Result);
        }
        catch (ObjectDisposedException)
        {
            return new(Broken);
        }
    }

    /// <summary>Notes what <see cref="ReceiveAsync()"/> has received.</summary>
    public void Received(int count) => _end += count;

    /// <summary>Drops bytes that were read.</summary>
    public void Consume(int count) => _start += count;

    /// <summary>Makes the buffer at least as large as this, until it rests.</summary>
    public void Grow(int size)
    {
        if (_buffer.Length < size)
        {
            var before = _buffer;
            _buffer = ArrayPool<byte>.Shared.Rent(size);
            before.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
            ReturnIfRented(before);
        }
    }

    /// <summary>Lays it to rest, for at most a time in milliseconds.</summary>
    /// <returns>Whether it can be used again; if not, it has to be closed.</returns>
    public bool TryRest(long milliseconds)
    {
        // What the backend says after its answer is no answer to anything.
        if (_start != _end || _cause != CloseCause.None)
        {
            return false;
        }

        _start = _end = 0;
        ReturnIfRented(_buffer);
        _buffer = _usualBuffer;
        var receive = ReceiveAsync(_buffer.AsMemory());
        if (receive.IsCompleted || Interlocked.Exchange(ref _deadline, Environment.TickCount64 + milliseconds) == Expired)
        {
            return false;
        }

        _isArmed = true;
        Interlocked.Exchange(ref _state, Resting);
        return true;
    }

    /// <summary>Ends its rest.</summary>
    /// <returns>Whether it can be used; if not, it is closed.</returns>
    public bool TryWake()
    {
        if (Interlocked.CompareExchange(ref _state, Used, Resting) != Resting)
        {
            return false;
        }

        if (Interlocked.Exchange(ref _deadline, Never) != Expired && _received.GetStatus(_received.Version) == ValueTaskSourceStatus.Pending)
        {
            return true;
        }

        Close(CloseCause.Stale);
        return false;
    }

    /// <summary>Whether it is of no use any more.</summary>
    public bool IsClosed => Volatile.Read(ref _state) == Closed;

    /// <summary>Closes it, which ends what is under way. May be called by anyone; the first cause is kept.</summary>
    public void Close(CloseCause cause)
    {
        if (Interlocked.Exchange(ref _state, Closed) != Closed)
        {
            Free(cause);
        }
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

    int IValueTaskSource<int>.GetResult(short token) => _received.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _received.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _received.OnCompleted(continuation, state, token, flags);

    private void ReturnIfRented(byte[] buffer)
    {
        if (buffer != _usualBuffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A rented buffer is not given back: a receive may still be writing to it.
    private void Free(CloseCause cause)
    {
        _cause = cause;
        _sweep.Remove(this);
        _socket.Dispose();
        _receiver.Dispose();
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            if (_start > 0)
            {
                Unread.CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }
            else
            {
                Grow(2 * _buffer.Length);
            }
        }
    }

    private void OnReceived(int result)
    {
        // A connection that rests gets nothing but its end; nobody waits for it.
        if (Interlocked.CompareExchange(ref _state, Closed, Resting) == Resting)
        {
            Free(CloseCause.Stale);
            return;
        }

        _received.SetResult(result);
    }

    private sealed class Receiver(BackendConnection connection) : SocketAsyncEventArgs(true)
    {
        public int Result => SocketError == SocketError.Success ? BytesTransferred : Broken;

        protected override void OnCompleted(SocketAsyncEventArgs e) => connection.OnReceived(Result);
    }
}
