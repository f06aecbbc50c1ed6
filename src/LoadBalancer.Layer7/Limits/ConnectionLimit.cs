using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Limits;

/// <summary>
/// Client connections of all listeners together. Kestrel's own limit is one for each address, and taken when the address
/// is bound.
/// </summary>
internal sealed class ConnectionLimit
{
    // The word of Layer 4 for the same.
    private const string AtCapacity = nameof(AtCapacity);

    private int _max = int.MaxValue;
    private int _open;
    private long _refused;

    /// <summary>Connections that are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections that were closed at once.</summary>
    public long Refused => Volatile.Read(ref _refused);

    public void ResetStatistics() => Volatile.Write(ref _refused, 0);

    /// <summary>Takes a changed limit, for connections to come.</summary>
    /// <param name="max">Most connections; null for no limit.</param>
    public void Apply(int? max) => Volatile.Write(ref _max, max ?? int.MaxValue);

    /// <summary>Puts itself in front of what an endpoint does with its connections, TLS above all.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="traffic">Where its connections are counted.</param>
    public void Guard(ListenOptions endpoint, ListenerTraffic traffic)
    {
        endpoint.Use(next => connection => RunAsync(connection, traffic, () => next(connection)));
        ((IMultiplexedConnectionBuilder)endpoint).Use(next => connection => RunAsync(connection, traffic, () => next(connection)));
    }

    private async Task RunAsync(BaseConnectionContext connection, ListenerTraffic traffic, Func<Task> next)
    {
        traffic.Open();
        if (!TryEnter(connection))
        {
            traffic.Refuse(AtCapacity);
            traffic.Close();
            return;
        }

        try
        {
            await next();
        }
        finally
        {
            Interlocked.Decrement(ref _open);
            traffic.Close();
        }
    }

    private bool TryEnter(BaseConnectionContext connection)
    {
        if (Interlocked.Increment(ref _open) <= Volatile.Read(ref _max))
        {
            return true;
        }

        Interlocked.Decrement(ref _open);
        Interlocked.Increment(ref _refused);
        connection.Abort(new ConnectionAbortedException("LoadBalancer:Layer7:Limits:MaxConnections is reached."));
        return false;
    }
}
