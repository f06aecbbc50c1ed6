using System.Collections.Immutable;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Selection;

namespace LoadBalancer.Backends;

/// <summary>The pool at one moment. Never changes: a pick reads one snapshot from start to end.</summary>
public sealed class PoolSnapshot
{
    internal static readonly PoolSnapshot Empty = new();

    private readonly Dictionary<string, Backend> _byId;

    private PoolSnapshot()
    {
        Members = [];
        Candidates = Candidates.None;
        _byId = [];
    }

    internal PoolSnapshot(ImmutableArray<Backend> members, PoolOptions options, Candidates before)
    {
        Members = members;
        _byId = members.ToDictionary(backend => backend.Id, StringComparer.OrdinalIgnoreCase);
        (var candidates, IsPanicking) = Choose(members, options.PanicThreshold);
        Candidates = before.IsSameAs(candidates, options.HashTableSize) ? before : new Candidates(candidates, options.HashTableSize, before);
        if (candidates.Length > 0 && Array.TrueForAll(candidates, backend => backend.SlowStart is not null))
        {
            Warmest = candidates.MaxBy(backend => backend.SlowStart!.Share)!.SlowStart;
        }
    }

    /// <summary>All backends, in the order of discovery; those that drain stay until they are idle.</summary>
    public ImmutableArray<Backend> Members { get; }

    /// <summary>The backends that can be picked, in the order of discovery.</summary>
    public Candidates Candidates { get; }

    /// <summary>The backends that can be picked, in the order of discovery.</summary>
    public ReadOnlySpan<Backend> Available => Candidates.Backends;

    /// <summary>Whether so many backends are unhealthy that all are used.</summary>
    public bool IsPanicking { get; }

    /// <summary>The slow start that is nearest to its end, where all candidates are in theirs; null where one is not.</summary>
    internal SlowStart? Warmest { get; }

    /// <summary>Finds a member.</summary>
    /// <param name="id">Its <see cref="Backend.Id"/>.</param>
    /// <returns>The backend, or null when it is no member.</returns>
    public Backend? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Whether a member can be picked: healthy, or the pool panics.</summary>
    /// <param name="backend">A member.</param>
    /// <returns>Whether it is one of <see cref="Available"/>.</returns>
    public bool CanPick(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var slot = backend.Slot;
        var available = Candidates.Backends;
        // A slot may be of a newer snapshot; then the search decides.
        return (slot < available.Length && available[slot] == backend) || available.Contains(backend);
    }

    // A tier counts by itself: backups are for a tier that has nobody left, not for one that has lost many.
    private static (Backend[] Candidates, bool IsPanicking) Choose(ImmutableArray<Backend> members, int panicThreshold)
    {
        var judged = members.Where(backend => backend.State is not (BackendState.Checking or BackendState.Draining)).ToArray();
        foreach (var tier in judged.GroupBy(backend => backend.Priority).OrderBy(tier => tier.Key))
        {
            var healthy = tier.Where(IsHealthy).ToArray();
            if (healthy.Length > 0)
            {
                return IsTooFew(healthy.Length, tier.Count(), panicThreshold) ? ([.. tier], true) : (healthy, false);
            }
        }

        if (judged.Length == 0 || !IsTooFew(0, 1, panicThreshold))
        {
            return ([], false);
        }

        var first = judged.Min(backend => backend.Priority);
        return ([.. judged.Where(backend => backend.Priority == first)], true);
    }

    private static bool IsTooFew(int healthy, int all, int panicThreshold) => (all - healthy) * 100 > panicThreshold * all;

    private static bool IsHealthy(Backend backend) => backend.State is BackendState.Healthy or BackendState.SlowStart;
}
