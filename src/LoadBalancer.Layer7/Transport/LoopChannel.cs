using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoadBalancer.Layer7.Transport;

/// <summary>A channel that an <see cref="EventLoop"/> looks after.</summary>
internal sealed class LoopChannel(Socket socket, EventLoop loop) : Channel(socket)
{
    private static int _numbers;

    private readonly Readiness _in = new();
    private readonly Readiness _out = new();
    private volatile bool _hasEnd;
    private volatile bool _isReset;
    private bool _isDrained;
    private bool _isFollowed;
    private int _isClosed;

    /// <summary>What the kernel knows it by.</summary>
    public SafeSocketHandle Handle { get; } = socket.SafeHandle;

    /// <summary>Tells it from others that had its place before.</summary>
    public int Number { get; } = Interlocked.Increment(ref _numbers);

    /// <summary>Its place in the loop's table.</summary>
    public int Place { get; set; }

    /// <summary>Whether a receive is known to find nothing.</summary>
    public bool IsDrained => _isDrained && _in.IsCleared && !_hasEnd;

    /// <summary>Begins to follow a socket that is connected.</summary>
    public void Start()
    {
        loop.Add(this);
        _isFollowed = true;
    }

    public override unsafe int TryReceive(Span<byte> buffer)
    {
        if (IsDrained)
        {
            return WouldBlock;
        }

        _in.Clear();
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count;
                try
                {
                    count = NativeSocket.Receive(Handle, start, (nuint)buffer.Length, NativeSocket.Flags);
                }
                catch (ObjectDisposedException)
                {
                    return Broken;
                }

                if (count >= 0)
                {
                    // A receive that does not fill its buffer has emptied the socket, and what comes then is told of.
                    _isDrained = count < buffer.Length;
                    return count == 0 && _isReset ? Broken : (int)count;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case NativeSocket.WouldBlock:
                        _isDrained = true;
                        return WouldBlock;
                    case NativeSocket.Interrupted:
                        continue;
                    default:
                        return Broken;
                }
            }
        }
    }

    public override void Distrust() => _isDrained = false;

    public override ValueTask WaitToReceiveAsync() => _in.WaitAsync();

    /// <summary>Sends as much as is taken.</summary>
    /// <returns>The number of bytes; <see cref="Channel.WouldBlock"/>; <see cref="Channel.Broken"/>.</returns>
    public unsafe int TrySend(ReadOnlySpan<byte> bytes)
    {
        var isCleared = false;
        fixed (byte* start = bytes)
        {
            while (true)
            {
                nint count;
                try
                {
                    count = NativeSocket.Send(Handle, start, (nuint)bytes.Length, NativeSocket.Flags);
                }
                catch (ObjectDisposedException)
                {
                    return Broken;
                }

                if (count >= 0)
                {
                    return (int)count;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case NativeSocket.WouldBlock when isCleared:
                        return WouldBlock;
                    case NativeSocket.WouldBlock:
                        // Between two attempts, so that no signal is lost, and only where there is no room.
                        _out.Clear();
                        isCleared = true;
                        continue;
                    case NativeSocket.ConnectionReset:
                        // The kernel says so once: to a receive it would look like a usual end from here on.
                        _isReset = true;
                        return Broken;
                    case NativeSocket.Interrupted:
                        continue;
                    default:
                        return Broken;
                }
            }
        }
    }

    /// <summary>Waits until a send may be taken.</summary>
    public ValueTask WaitToSendAsync() => _out.WaitAsync();

    public override ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var sent = TrySend(bytes.Span);
        return sent == bytes.Length ? new(true) : sent == Broken ? new(false) : SendRestAsync(bytes[Math.Max(sent, 0)..]);
    }

    /// <summary>Ends a wait to receive without a reason of the socket's.</summary>
    public void WakeReceiver() => _in.Signal(inline: false);

    /// <summary>Ends a wait to send without a reason of the socket's.</summary>
    public void WakeSender() => _out.Signal(inline: false);

    public override async ValueTask ConnectAsync(EndPoint endPoint, CancellationToken cancellation)
    {
        if (BeginConnect(endPoint))
        {
            Start();
            return;
        }

        Start();
        using var cancelled = cancellation.UnsafeRegister(static channel => ((LoopChannel)channel!).WakeSender(), this);
        while (!IsConnectOver())
        {
            cancellation.ThrowIfCancellationRequested();
            await _out.WaitAsync();
        }

        var error = (int)Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        if (error != 0)
        {
            throw new SocketException(error);
        }
    }

    /// <summary>Ends both directions, so that whoever waits learns that it is over. May be called by anyone.</summary>
    public void Abort()
    {
        try
        {
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }
    }

    /// <summary>Closes it with a reset, so that the other side does not take it for a usual end. May be called by anyone.</summary>
    public void Reset()
    {
        try
        {
            Socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }

        Close();
    }

    public override void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
        {
            return;
        }

        if (_isFollowed)
        {
            loop.Remove(this);
        }

        // A call of another thread that is under way keeps the descriptor; the socket's number cannot be another's yet.
        Socket.Dispose();
        _hasEnd = true;
        WakeReceiver();
        WakeSender();
    }

    /// <summary>Told by the loop.</summary>
    public void OnEvents(uint events)
    {
        var ends = (events & (NativeSocket.PeerClosed | NativeSocket.HangUp | NativeSocket.Error)) != 0;
        _hasEnd |= ends;
        if (ends || (events & NativeSocket.In) != 0)
        {
            Stirred?.Invoke(ends);
            _in.Signal(inline: true);
        }

        if (ends || (events & NativeSocket.Out) != 0)
        {
            _out.Signal(inline: true);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendRestAsync(ReadOnlyMemory<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            var sent = TrySend(rest.Span);
            if (sent == Broken)
            {
                return false;
            }

            if (sent == WouldBlock)
            {
                await _out.WaitAsync();
            }
            else
            {
                rest = rest[sent..];
            }
        }

        return true;
    }

    /// <returns>Whether it is connected already.</returns>
    private unsafe bool BeginConnect(EndPoint endPoint)
    {
        Socket.Blocking = false;
        var address = endPoint.Serialize();
        fixed (byte* start = address.Buffer.Span)
        {
            if (NativeSocket.Connect(Handle, start, (uint)address.Size) == 0)
            {
                return true;
            }
        }

        var error = Marshal.GetLastPInvokeError();
        return error == NativeSocket.InProgress ? false : throw new SocketException((int)ErrorOf(error), Marshal.GetPInvokeErrorMessage(error));
    }

    private bool IsConnectOver()
    {
        _out.Clear();
        return Socket.Poll(0, SelectMode.SelectWrite) || Socket.Poll(0, SelectMode.SelectError);
    }

    private static SocketError ErrorOf(int error) => error switch
    {
        NativeSocket.ConnectionRefused => SocketError.ConnectionRefused,
        NativeSocket.NetworkUnreachable => SocketError.NetworkUnreachable,
        NativeSocket.HostUnreachable => SocketError.HostUnreachable,
        NativeSocket.NotAvailable => SocketError.AddressNotAvailable,
        NativeSocket.WouldBlock => SocketError.WouldBlock,
        _ => SocketError.SocketError,
    };
}
