using System.Collections.Concurrent;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;

namespace LoadBalancer.Selection;

/// <summary>Remembers which backend a client has, so that it keeps it when others come and go.</summary>
/// <param name="options">How long and how many.</param>
/// <param name="time">The clock of expiry.</param>
/// <param name="keepsLeft">Whether a client whose backend left is remembered until it expires: it is to be told.</param>
public sealed class SourceAffinity(SourceAffinityOptions options, TimeProvider time, bool keepsLeft = false)
{
    private readonly ConcurrentDictionary<ulong, Entry> _entries = new();
    // The dictionary's own count takes all its locks, too much for every new client.
    private int _count;

    /// <summary>How long and how many.</summary>
    public SourceAffinityOptions Options => options;

    /// <summary>Clients that are remembered.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Finds a client's backend in a pool.</summary>
    /// <param name="key">Hash of what identifies the client, see <see cref="ClientHash"/>.</param>
    /// <param name="snapshot">The pool at this moment.</param>
    /// <returns>The backend; null when the client is not known, or its backend left or cannot be picked.</returns>
    public Backend? Find(ulong key, PoolSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return _entries.TryGetValue(key, out var entry) && !IsOver(entry) && snapshot.CanPick(entry.Backend) ? entry.Backend : null;
    }

    /// <summary>Finds a client's backend, whatever became of it.</summary>
    /// <param name="key">Hash of what identifies the client.</param>
    /// <returns>The backend; null when the client is not known.</returns>
    public Backend? Recall(ulong key) => _entries.TryGetValue(key, out var entry) && !IsOver(entry) ? entry.Backend : null;

    /// <summary>Forgets a client.</summary>
    /// <param name="key">Hash of what identifies the client.</param>
    public void Forget(ulong key)
    {
        if (_entries.TryRemove(key, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>Remembers a client's backend, or that it has used it again. A table that is full takes no new client.</summary>
    /// <param name="key">Hash of what identifies the client.</param>
    /// <param name="backend">Its backend.</param>
    public void Remember(ulong key, Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (_entries.TryGetValue(key, out var entry))
        {
            (entry.Backend, entry.UsedAt) = (backend, time.GetTimestamp());
        }
        else if (Count < options.MaxEntries)
        {
            // Counted first, so that many at once do not all find the last place free.
            if (Interlocked.Increment(ref _count) > options.MaxEntries
                || !_entries.TryAdd(key, new() { Backend = backend, UsedAt = time.GetTimestamp() }))
            {
                Interlocked.Decrement(ref _count);
            }
        }
    }

    /// <summary>Forgets clients that did not come for too long. To be called from time to time.</summary>
    public void Sweep()
    {
        foreach (var (key, entry) in _entries)
        {
            if ((IsOver(entry) || (!keepsLeft && entry.Backend.HasLeft)) && _entries.TryRemove(new(key, entry)))
            {
                Interlocked.Decrement(ref _count);
            }
        }
    }

    private bool IsOver(Entry entry) => time.GetElapsedTime(entry.UsedAt) > options.Expiry;

    private sealed class Entry
    {
        public required Backend Backend { get; set; }

        public required long UsedAt { get; set; }
    }
}
