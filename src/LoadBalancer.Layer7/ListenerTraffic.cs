using System.Collections.Concurrent;

namespace LoadBalancer.Layer7;

/// <summary>Connections and bytes of a listener, for metrics.</summary>
internal sealed class ListenerTraffic
{
    private readonly ConcurrentDictionary<string, long> _refused = new(StringComparer.Ordinal);
    private long _active;
    private long _accepted;
    private long _bytesToBackend;
    private long _bytesToClient;

    /// <summary>Connections that are open.</summary>
    public long Active => Volatile.Read(ref _active);

    /// <summary>Connections that were accepted, those that were refused then included.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections that were refused, by reason.</summary>
    public IEnumerable<KeyValuePair<string, long>> Refused => _refused;

    /// <summary>Bytes of the bodies of requests that have ended; counted only while somebody collects figures.</summary>
    public long BytesToBackend => Volatile.Read(ref _bytesToBackend);

    /// <summary>Bytes of the bodies of answers that have ended; counted only while somebody collects figures.</summary>
    public long BytesToClient => Volatile.Read(ref _bytesToClient);

    /// <summary>Counts a connection, until <see cref="Close"/>.</summary>
    public void Open()
    {
        Interlocked.Increment(ref _accepted);
        Interlocked.Increment(ref _active);
    }

    public void Close() => Interlocked.Decrement(ref _active);

    public void Refuse(string reason) => _refused.AddOrUpdate(reason, 1, static (_, count) => count + 1);

    public void RecordBytes(long toBackend, long toClient)
    {
        Interlocked.Add(ref _bytesToBackend, toBackend);
        Interlocked.Add(ref _bytesToClient, toClient);
    }
}
