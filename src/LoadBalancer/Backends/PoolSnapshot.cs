using System.Collections.Immutable;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Backends;

/// <summary>The pool at one moment. Never changes: a pick reads one snapshot from start to end.</summary>
public sealed class PoolSnapshot
{
    internal static readonly PoolSnapshot Empty = new([]);

    private readonly Backend[] _available;
    private readonly Dictionary<string, Backend> _byId;

    internal PoolSnapshot(ImmutableArray<Backend> members)
    {
        Members = members;
        _available = [.. members.Where(backend => backend.State == BackendState.Healthy)];
        _byId = members.ToDictionary(backend => backend.Id, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>All backends, in the order of discovery; those that drain stay until they are idle.</summary>
    public ImmutableArray<Backend> Members { get; }

    /// <summary>The backends that can be picked.</summary>
    public ReadOnlySpan<Backend> Available => _available;

    /// <summary>Finds a member.</summary>
    /// <param name="id">Its <see cref="Backend.Id"/>.</param>
    /// <returns>The backend, or null when it is no member.</returns>
    public Backend? Find(string id) => _byId.GetValueOrDefault(id);
}
