using LoadBalancer.Backends;

namespace LoadBalancer.Selection;

/// <summary>What a policy knows of the connection or request that it picks for.</summary>
/// <param name="key">Hash of what identifies the client, see <see cref="ClientHash"/>.</param>
/// <param name="attempt">0 for the first pick; one more each time the pool could not use what was picked.</param>
/// <param name="excluded">Backends that were tried already.</param>
public readonly ref struct PickRequest(ulong key, int attempt = 0, ReadOnlySpan<Backend> excluded = default)
{
    /// <summary>Hash of what identifies the client.</summary>
    public ulong Key { get; } = key;

    /// <summary>0 for the first pick; one more each time the pool could not use what was picked.</summary>
    public int Attempt { get; } = attempt;

    /// <summary>Backends that were tried already.</summary>
    public ReadOnlySpan<Backend> Excluded { get; } = excluded;

    /// <summary>Whether a backend has room and was not tried already.</summary>
    /// <param name="backend">A candidate.</param>
    public bool CanUse(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return !backend.IsFull && !Excluded.Contains(backend);
    }
}
