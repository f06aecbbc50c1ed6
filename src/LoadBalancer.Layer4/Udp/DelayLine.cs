using System.Buffers;
using System.Diagnostics;
using LoadBalancer.Configuration.Commands;

namespace LoadBalancer.Layer4.Udp;

/// <summary>
/// Holds one direction of a session's datagrams back, as a slow link does: for latency and bandwidth that a developer
/// asked for, and while the backend's name is being looked up. Datagrams keep their order; what does not fit is lost.
/// </summary>
internal sealed class DelayLine(UdpSession session, bool toBackend, bool isOpen)
{
    private const int MostBytes = 1024 * 1024;
    private const int MostDatagrams = 4096;

    // The end of a session must not wait for a delay of minutes.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly Queue<Held> _held = new();
    private bool _isOpen = isOpen;
    private bool _isPumping;
    private int _bytes;
    private long _lastDue;
    private volatile int _count;

    /// <summary>Whether nothing is held, so that a datagram may go past.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Takes a copy of a datagram, to be sent when it is due.</summary>
    public void Add(ReadOnlySpan<byte> datagram, FaultOptions? faults)
    {
        lock (_lock)
        {
            if (_bytes + datagram.Length > MostBytes || _held.Count >= MostDatagrams)
            {
                return;
            }

            var buffer = ArrayPool<byte>.Shared.Rent(datagram.Length);
            datagram.CopyTo(buffer);
            _held.Enqueue(new(buffer, datagram.Length, DueOf(datagram.Length, faults)));
            _bytes += datagram.Length;
            _count++;
            if (!_isOpen || _isPumping)
            {
                return;
            }

            _isPumping = true;
        }

        _ = PumpAsync();
    }

    /// <summary>Lets out what is held.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _isOpen = true;
            if (_isPumping || _held.Count == 0)
            {
                return;
            }

            _isPumping = true;
        }

        _ = PumpAsync();
    }

    private long DueOf(int length, FaultOptions? faults)
    {
        var now = Stopwatch.GetTimestamp();
        if (faults is null)
        {
            return _lastDue = Math.Max(now, _lastDue);
        }

        var delay = TimeSpan.FromMilliseconds(faults.LatencyMilliseconds + Random.Shared.Next(faults.JitterMilliseconds + 1));
        var arrival = Math.Max(now + ToTimestamp(delay), _lastDue);
        return _lastDue = faults.BytesPerSecond is { } rate ? arrival + ToTimestamp(TimeSpan.FromSeconds((double)length / rate)) : arrival;
    }

    private static long ToTimestamp(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);

    private async Task PumpAsync()
    {
        while (true)
        {
            Held next;
            lock (_lock)
            {
                if (!_held.TryPeek(out next))
                {
                    _isPumping = false;
                    return;
                }
            }

            await WaitUntilAsync(next.Due);
            session.SendNow(next.Buffer.AsSpan(0, next.Length), toBackend);
            lock (_lock)
            {
                // Counted until it is sent: nothing may go past it.
                _held.Dequeue();
                _bytes -= next.Length;
                _count--;
            }

            ArrayPool<byte>.Shared.Return(next.Buffer);
        }
    }

    private async ValueTask WaitUntilAsync(long due)
    {
        while (!session.HasEnded)
        {
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            // A timer takes whole milliseconds; with less it would not wait at all.
            await Task.Delay(left < Slice ? TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)) : Slice);
        }
    }

    private readonly record struct Held(byte[] Buffer, int Length, long Due);
}
