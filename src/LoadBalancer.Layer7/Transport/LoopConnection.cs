using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace LoadBalancer.Layer7.Transport;

/// <summary>A client's connection.</summary>
internal sealed class LoopConnection : DefaultConnectionContext, IConnectionSocketFeature, IMemoryPoolFeature, IDuplexPipe
{
    private readonly CancellationTokenSource _closed = new();
    private readonly LoopChannel _channel;
    private int _isClosed;

    /// <summary>Takes over an accepted socket.</summary>
    public LoopConnection(Socket socket, MemoryPool<byte> memory)
        : base(ConnectionIds.Next())
    {
        _channel = new LoopChannel(socket, EventLoop.Next());
        _channel.Stirred = OnStirred;
        MemoryPool = memory;
        Input = new ChannelReader(_channel);
        Output = new ChannelWriter(_channel);
        Transport = this;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features.Set<IConnectionSocketFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        _channel.Start();
    }

    public Socket Socket => _channel.Socket;

    public MemoryPool<byte> MemoryPool { get; }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _channel.Reset();
        OnEnded();
    }

    public override ValueTask DisposeAsync()
    {
        Input.Complete();
        Output.Complete();
        Drain();
        _channel.Close();
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            _closed.Cancel();
        }

        return ValueTask.CompletedTask;
    }

    private void OnStirred(bool ends)
    {
        if (ends)
        {
            OnEnded();
        }
    }

    // Whoever hears of it may do anything, so not on the loop's thread.
    private void OnEnded()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
        }
    }

    // The kernel answers what was sent and not read with a reset, which would take our last answer from the client.
    private void Drain()
    {
        if (_channel.IsDrained)
        {
            return;
        }

        Span<byte> scratch = stackalloc byte[4 * 1024];
        for (var i = 0; i < 64 && _channel.TryReceive(scratch) > 0; i++)
        {
        }
    }
}
