namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Closes connections whose time is over. One timer looks at all of them every 50 ms, so that no request needs a timer
/// of its own; time-outs are late by that much at most.
/// </summary>
internal sealed class ConnectionSweep : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly HashSet<BackendConnection> _connections = [];
    private readonly Timer _timer;

    public ConnectionSweep() => _timer = new Timer(_ => Sweep());

    /// <summary>Looks after a connection.</summary>
    public void Add(BackendConnection connection)
    {
        lock (_lock)
        {
            if (_connections.Add(connection) && _connections.Count == 1)
            {
                _timer.Change(Period, Period);
            }
        }
    }

    /// <summary>Forgets a connection.</summary>
    public void Remove(BackendConnection connection)
    {
        lock (_lock)
        {
            if (_connections.Remove(connection) && _connections.Count == 0)
            {
                _timer.Change(Timeout.Infinite, Timeout.Infinite);
            }
        }
    }

    /// <summary>Closes every connection.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        foreach (var connection in Copy(_ => true))
        {
            connection.Close(CloseCause.Aborted);
        }
    }

    private void Sweep()
    {
        var now = Environment.TickCount64;
        // Closing takes a connection out of the set.
        foreach (var connection in Copy(connection => connection.IsExpired(now)))
        {
            connection.CloseIfExpired(now);
        }
    }

    private BackendConnection[] Copy(Func<BackendConnection, bool> predicate)
    {
        lock (_lock)
        {
            return [.. _connections.Where(predicate)];
        }
    }
}
