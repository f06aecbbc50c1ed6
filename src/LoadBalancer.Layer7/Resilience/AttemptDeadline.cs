using System.Collections.Concurrent;

namespace LoadBalancer.Layer7.Resilience;

/// <summary>
/// Cancels an attempt that is too slow: first until the head of its answer has come, then until the whole request must
/// be over. One timer does for both, since only the nearer end matters; it is used again by later attempts.
/// </summary>
internal sealed class AttemptDeadline : IDisposable
{
    private const int MostKept = 1024;

    private static readonly ConcurrentQueue<AttemptDeadline> Kept = [];
    private static int _kept;

    private readonly Lock _arming = new();
    private readonly CancellationTokenSource _source = new();
    private TimeSpan? _firstByte;
    private long _totalFrom;
    private TimeSpan? _total;
    private bool _isToldLater;
    private bool _hasHead;
    private volatile bool _waitsForHead;

    private AttemptDeadline()
    {
    }

    /// <summary>Cancelled when time has run out.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What ran out; null when nothing did.</summary>
    public RouteTimeout? Expired => !_source.IsCancellationRequested ? null : _waitsForHead ? RouteTimeout.FirstByte : RouteTimeout.Total;

    /// <summary>Starts the clock.</summary>
    /// <param name="firstByte">Time until the head of the answer; null for no limit.</param>
    /// <param name="total">Time of the whole request; null for no limit.</param>
    /// <param name="totalFrom">When the request began, as <see cref="TimeProvider.GetTimestamp"/> says.</param>
    /// <param name="sendsBody">Whether the wait for the head begins with <see cref="BodySent"/> only.</param>
    public static AttemptDeadline Start(TimeSpan? firstByte, TimeSpan? total, long totalFrom, bool sendsBody)
    {
        if (Kept.TryDequeue(out var deadline))
        {
            Interlocked.Decrement(ref _kept);
        }
        else
        {
            deadline = new();
        }

        (deadline._firstByte, deadline._total, deadline._totalFrom, deadline._isToldLater, deadline._hasHead) = (firstByte, total, totalFrom, sendsBody, false);
        deadline.Arm(sendsBody ? null : firstByte);
        return deadline;
    }

    /// <summary>The last of the body has gone: from now on the backend is waited for.</summary>
    public void BodySent()
    {
        lock (_arming)
        {
            // It may answer before it has read all.
            if (!_hasHead)
            {
                Arm(_firstByte);
            }
        }
    }

    /// <summary>The head of the answer has come.</summary>
    /// <param name="isUpgraded">Whether what follows is no answer but a connection, which may last.</param>
    public void HeadCame(bool isUpgraded)
    {
        lock (_arming)
        {
            _hasHead = true;
            _total = isUpgraded ? null : _total;
            Arm(null);
        }
    }

    /// <summary>Ends the use of it.</summary>
    public void Dispose()
    {
        // Whoever reads the body may still tell of its end; that must not reach another attempt.
        if (!_isToldLater && _source.TryReset())
        {
            if (Interlocked.Increment(ref _kept) <= MostKept)
            {
                Kept.Enqueue(this);
                return;
            }

            Interlocked.Decrement(ref _kept);
        }

        _source.Dispose();
    }

    private void Arm(TimeSpan? forHead)
    {
        var left = _total - TimeProvider.System.GetElapsedTime(_totalFrom);
        _waitsForHead = forHead is not null && !(left < forHead);
        var span = _waitsForHead ? forHead : left;
        try
        {
            _source.CancelAfter(span is not { } wait ? Timeout.InfiniteTimeSpan : wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
        }
        catch (ObjectDisposedException)
        {
            // The attempt has ended while its body's end was read.
        }
    }
}
