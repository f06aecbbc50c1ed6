using System.ComponentModel;
using System.Runtime.InteropServices;

namespace LoadBalancer.Layer7.Transport;

/// <summary>
/// A thread that waits for sockets, and does what they are ready for: a client's request and the backend's answer to
/// it are handled where their bytes come, with no hand-over between threads. There are as many as processors.
/// </summary>
internal sealed unsafe class EventLoop
{
    private const int Batch = 256;

    private static readonly Lazy<EventLoop[]> AllLoops = new(() => [.. Enumerable.Range(0, Environment.ProcessorCount).Select(index => new EventLoop(index))]);

    private static int _next;

    [ThreadStatic]
    private static EventLoop? _current;

    private readonly int _poll;
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private LoopChannel?[] _channels = new LoopChannel?[64];
    private int _used;

    internal EventLoop(int index)
    {
        Index = index;
        _poll = NativeSocket.CreatePoll(0);
        if (_poll < 0)
        {
            throw new Win32Exception(Marshal.GetLastSystemError());
        }

        // It outlives whatever is under way here, of which nothing (an activity, say) is its own.
        new Thread(Run) { IsBackground = true, Name = $"HTTP loop {index}" }.UnsafeStart();
    }

    /// <summary>Whether this machine has what it takes.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>How many there are.</summary>
    public static int Count => Environment.ProcessorCount;

    /// <summary>The loop that runs this thread; null on other threads.</summary>
    public static EventLoop? Current => _current;

    /// <summary>Each loop in turn.</summary>
    public static EventLoop Next() => AllLoops.Value[(Interlocked.Increment(ref _next) & int.MaxValue) % Count];

    /// <summary>Which it is, from 0.</summary>
    public int Index { get; }

    /// <summary>Begins to look after a channel.</summary>
    public void Add(LoopChannel channel)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var place))
            {
                place = _used++;
                if (place == _channels.Length)
                {
                    var larger = new LoopChannel?[2 * place];
                    _channels.CopyTo(larger, 0);
                    Volatile.Write(ref _channels, larger);
                }
            }

            channel.Place = place;
            _channels[place] = channel;
        }

        var pollEvent = stackalloc byte[16];
        *(uint*)pollEvent = NativeSocket.In | NativeSocket.Out | NativeSocket.PeerClosed | NativeSocket.EdgeTriggered;
        // The kernel may still tell of a channel whose place another has taken; the number tells them apart.
        *(ulong*)(pollEvent + NativeSocket.EventData) = ((ulong)channel.Number << 32) | (uint)channel.Place;
        if (NativeSocket.ControlPoll(_poll, NativeSocket.AddToPoll, channel.Handle, pollEvent) != 0)
        {
            var error = Marshal.GetLastSystemError();
            Remove(channel);
            throw new Win32Exception(error);
        }
    }

    /// <summary>Forgets a channel that is about to be closed; the kernel forgets it with its close.</summary>
    public void Remove(LoopChannel channel)
    {
        lock (_lock)
        {
            _channels[channel.Place] = null;
            _free.Push(channel.Place);
        }
    }

    private void Run()
    {
        _current = this;
        var events = stackalloc byte[Batch * 16];
        while (true)
        {
            var count = NativeSocket.WaitForEvents(_poll, events, Batch, -1);
            for (var i = 0; i < count; i++)
            {
                var pollEvent = events + (i * NativeSocket.EventSize);
                var data = *(ulong*)(pollEvent + NativeSocket.EventData);
                if (Volatile.Read(ref _channels)[(uint)data] is { } channel && channel.Number == (uint)(data >> 32))
                {
                    channel.OnEvents(*(uint*)pollEvent);
                }
            }
        }
    }
}
