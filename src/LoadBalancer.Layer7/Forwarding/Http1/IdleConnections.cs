namespace LoadBalancer.Layer7.Forwarding.Http1;

/// <summary>
/// Connections that rest, the last one first, so that those beyond what is needed are left to expire. A thread that
/// finds another at work here is told so and goes elsewhere: nobody waits.
/// </summary>
internal sealed class IdleConnections
{
    private const int Most = 1_024;

    private BackendConnection?[] _connections = new BackendConnection?[8];
    private int _count;
    private int _busy;

    /// <summary>Takes a connection that can be used; null when there is none, or another thread is at work here.</summary>
    public BackendConnection? TryTake(bool isSure)
    {
        if (Volatile.Read(ref _count) == 0 || !TryEnter())
        {
            return null;
        }

        BackendConnection? found = null;
        while (found is null && _count > 0)
        {
            var connection = _connections[--_count]!;
            _connections[_count] = null;
            found = connection.TryWake(isSure) ? connection : null;
        }

        Leave();
        return found;
    }

    /// <summary>Keeps a connection that rests.</summary>
    /// <returns>Whether it did; not when there are enough, or another thread is at work here.</returns>
    public bool TryKeep(BackendConnection connection)
    {
        if (!TryEnter())
        {
            return false;
        }

        if (_count == _connections.Length)
        {
            MakeRoom();
        }

        var fits = _count < _connections.Length;
        if (fits)
        {
            _connections[_count++] = connection;
        }

        Leave();
        return fits;
    }

    // Those that closed while they rested are still here, below those that are used.
    private void MakeRoom()
    {
        var open = 0;
        for (var i = 0; i < _count; i++)
        {
            if (_connections[i] is { IsClosed: false } connection)
            {
                _connections[open++] = connection;
            }
        }

        Array.Clear(_connections, open, _count - open);
        _count = open;
        if (open > _connections.Length / 2 && _connections.Length < Most)
        {
            Array.Resize(ref _connections, 2 * _connections.Length);
        }
    }

    private bool TryEnter() => Interlocked.CompareExchange(ref _busy, 1, 0) == 0;

    private void Leave() => Volatile.Write(ref _busy, 0);
}
