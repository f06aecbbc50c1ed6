using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// The memory: .NET's own cache, which knows sizes and drops what was not used for the longest time. Reading takes no
/// lock; writing takes one.
/// </summary>
internal sealed class AnswerStore : IDisposable
{
    /// <summary>What an answer that fills the memory leaves for its key.</summary>
    public const int RoomForKey = 65_536;

    /// <summary>Kinds of requests whose answers are kept for one address; the oldest go first.</summary>
    private const int MostVariants = 64;

    /// <summary>Share of the entries that go at once when there is no room; looking for the least used takes time.</summary>
    private const double LeastShare = 0.05;

    /// <summary>How long an answer is kept behind the time for which it can be of use by itself: to be confirmed, or for those who take stale ones.</summary>
    private static readonly TimeSpan Afterlife = TimeSpan.FromHours(1);

    private readonly Lock _writing = new();
    private readonly MemoryCache _memory;
    // What is there: asking the memory would count as use.
    private readonly ConcurrentDictionary<string, Resource> _index = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PendingAnswers> _pending = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private long _evictions;

    public AnswerStore(long maxSize, TimeProvider time)
    {
        MaxSize = maxSize;
        _time = time;
        _memory = new MemoryCache(Options.Create(new MemoryCacheOptions { SizeLimit = maxSize, TrackStatistics = true }));
    }

    public long MaxSize { get; }

    /// <summary>Bytes that are stored.</summary>
    public long Size => _memory.GetCurrentStatistics()?.CurrentEstimatedSize ?? 0;

    /// <summary>Answers that had to go for others.</summary>
    public long Evictions => Volatile.Read(ref _evictions);

    public IEnumerable<Resource> All => _index.Values;

    public Resource? Find(ReadOnlySpan<char> key) => _memory.TryGetValue(key, out Resource? resource) ? resource : null;

    /// <summary>Announces an answer: one that an invalidation overtakes is not stored.</summary>
    public PendingAnswers Announce(CacheKey key)
    {
        lock (_writing)
        {
            if (!_pending.TryGetValue(key.Text, out var pending))
            {
                _pending.Add(key.Text, pending = new PendingAnswers(key.Text));
            }

            pending.Count++;
            return pending;
        }
    }

    /// <summary>Takes back what was announced: it has come, or will not.</summary>
    public void Withdraw(PendingAnswers pending)
    {
        lock (_writing)
        {
            if (--pending.Count == 0 && !pending.AreOutdated)
            {
                _pending.Remove(pending.Key);
            }
        }
    }

    /// <summary>Stores an answer in place of the one for the same kind of request.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="route">Its route.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="pending">What was announced.</param>
    /// <returns>Whether it is stored: not, if what is stored became invalid meanwhile.</returns>
    public bool TryAdd(CacheKey key, CachingRoute route, StoredAnswer answer, PendingAnswers pending)
    {
        lock (_writing)
        {
            if (pending.AreOutdated)
            {
                return false;
            }

            Set(new Resource(key, route, [answer, .. Others(key, answer)], passUntil: 0));
            return true;
        }
    }

    /// <summary>Removes an answer, unless a newer one has taken its place.</summary>
    public void Remove(CacheKey key, StoredAnswer answer)
    {
        lock (_writing)
        {
            if (Find(key.Text) is not { } resource || !resource.Answers.Contains(answer))
            {
                return;
            }

            if (resource.Answers.Length == 1)
            {
                Drop(key);
            }
            else
            {
                Set(new Resource(key, resource.Route, resource.Answers.Remove(answer), resource.PassUntil));
            }
        }
    }

    /// <summary>Lets nobody wait for another's answer for a while.</summary>
    public void SetPass(CacheKey key, CachingRoute route, TimeSpan duration)
    {
        lock (_writing)
        {
            Set(new Resource(key, route, Find(key.Text)?.Answers ?? [], _time.GetTimestamp() + (long)(duration.TotalSeconds * _time.TimestampFrequency)));
        }
    }

    /// <summary>Removes all answers of an address on a route.</summary>
    public void Invalidate(CacheKey key)
    {
        lock (_writing)
        {
            if (_pending.Remove(key.Text, out var pending))
            {
                pending.AreOutdated = true;
            }

            Drop(key);
        }
    }

    /// <summary>Removes answers.</summary>
    /// <param name="isMeant">Which.</param>
    /// <returns>How many there were.</returns>
    public int Purge(Func<Resource, StoredAnswer, bool> isMeant)
    {
        lock (_writing)
        {
            foreach (var pending in _pending.Values)
            {
                pending.AreOutdated = true;
            }

            _pending.Clear();
            var removed = 0;
            foreach (var resource in _index.Values)
            {
                var left = resource.Answers.RemoveAll(answer => isMeant(resource, answer));
                if (left.Length == resource.Answers.Length)
                {
                    continue;
                }

                removed += resource.Answers.Length - left.Length;
                if (left.IsEmpty)
                {
                    Drop(resource.Key);
                }
                else
                {
                    Set(new Resource(resource.Key, resource.Route, left, resource.PassUntil));
                }
            }

            return removed;
        }
    }

    public void Dispose() => _memory.Dispose();

    // One address must not drive out all others, nor become larger than the memory.
    private IEnumerable<StoredAnswer> Others(CacheKey key, StoredAnswer answer)
    {
        if (Find(key.Text) is not { } resource)
        {
            yield break;
        }

        var size = answer.Size;
        foreach (var other in resource.Answers.Where(other => !other.Head.IsSameVariantAs(answer.Head)).Take(MostVariants - 1))
        {
            size += other.Size;
            if (size > MaxSize / 2)
            {
                yield break;
            }

            yield return other;
        }
    }

    private void Set(Resource resource)
    {
        MakeRoom(resource.Size - (Find(resource.Key.Text)?.Size ?? 0));
        var options = new MemoryCacheEntryOptions { Size = resource.Size, AbsoluteExpirationRelativeToNow = UseFor(resource) };
        options.RegisterPostEvictionCallback(Forget);
        _index[resource.Key.Text] = resource;
        _memory.Set(resource.Key.Text, resource, options);
    }

    private void Drop(CacheKey key)
    {
        _index.TryRemove(key.Text, out _);
        _memory.Remove(key.Text);
    }

    // The memory itself would refuse what is new, and make room only then.
    private void MakeRoom(long size)
    {
        while (_memory.Count is > 0 and var count && Size + size > MaxSize)
        {
            _memory.Compact(Math.Max(LeastShare, 1.5 / count));
        }
    }

    private TimeSpan UseFor(Resource resource)
    {
        var now = _time.GetTimestamp();
        var use = resource.PassUntil > now ? _time.GetElapsedTime(now, resource.PassUntil) : TimeSpan.Zero;
        foreach (var answer in resource.Answers)
        {
            var head = answer.Head;
            var seconds = head.Lifetime - head.AgeAt(now, _time) + Math.Max(head.StaleWhileRevalidate, head.StaleIfError);
            var afterlife = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, TimeSpan.FromDays(365).TotalSeconds)) + Afterlife;
            use = use > afterlife ? use : afterlife;
        }

        return use > TimeSpan.Zero ? use : TimeSpan.FromMilliseconds(1);
    }

    // Comes a moment later, when another may have taken the place.
    private void Forget(object key, object? value, EvictionReason reason, object? state)
    {
        var resource = (Resource)value!;
        _index.TryRemove(new((string)key, resource));
        if (reason == EvictionReason.Capacity)
        {
            Interlocked.Add(ref _evictions, resource.Answers.Length);
        }
    }
}
