using System.Buffers;
using System.Collections.Immutable;
using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Selection;
using LoadBalancer.Tls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Backends;

/// <summary>
/// The backends of one service. Readers take <see cref="Snapshot"/> without a lock; whatever changes the pool
/// builds a new snapshot under a lock and swaps it in.
/// </summary>
public sealed partial class BackendPool
{
    private readonly Lock _writing = new();
    private readonly ILogger _logger;
    private PoolOptions _options;
    private volatile PoolSnapshot _snapshot = PoolSnapshot.Empty;
    private volatile ISelectionPolicy _policy;
    private volatile BackendTls? _tls;

    /// <summary>Creates an empty pool.</summary>
    /// <param name="name">The pool's name.</param>
    /// <param name="service">The name that discovery resolves.</param>
    /// <param name="options">Policy, health checks, names and weights.</param>
    /// <param name="logger">Gets a line for every change of a backend's state.</param>
    public BackendPool(string name, string service, PoolOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        Name = name;
        Service = service;
        _options = options;
        _logger = logger;
        _policy = SelectionPolicies.Create(options.Policy);
        _tls = CreateTls(options);
    }

    /// <summary>Raised after a new snapshot is in place: membership, state, names or weights changed.</summary>
    public event Action<BackendPool>? Changed;

    /// <summary>The pool's name.</summary>
    public string Name { get; }

    /// <summary>The name that discovery resolves.</summary>
    public string Service { get; }

    /// <summary>The policy of the pool; listeners and routes may bring their own.</summary>
    public ISelectionPolicy Policy => _policy;

    /// <summary>How backends with the scheme <c>https</c> are spoken to; null for the machine's own trust.</summary>
    public BackendTls? Tls => _tls;

    /// <summary>The pool at this moment.</summary>
    public PoolSnapshot Snapshot => _snapshot;

    /// <summary>Whether discovery has yet to answer for the first time, or none can be picked while one is still being checked.</summary>
    internal bool IsUndecided
    {
        get
        {
            var snapshot = _snapshot;
            return snapshot == PoolSnapshot.Empty
                || (snapshot.Available.IsEmpty && snapshot.Members.Any(backend => backend.State == BackendState.Checking));
        }
    }

    /// <summary>Picks a backend and counts it as active until <see cref="Release"/>.</summary>
    /// <param name="policy">The policy that decides.</param>
    /// <param name="clientHash">Hash of the client's address, see <see cref="ClientHash"/>.</param>
    /// <param name="excluded">Backends that were tried already.</param>
    /// <returns>The backend, or null when none can be picked.</returns>
    public Backend? Pick(ISelectionPolicy policy, ulong clientHash, ReadOnlySpan<Backend> excluded = default)
    {
        ArgumentNullException.ThrowIfNull(policy);

        var available = _snapshot.Available;
        if (available.IsEmpty)
        {
            return null;
        }

        var backend = excluded.IsEmpty ? policy.Pick(available, clientHash) : PickAnother(policy, clientHash, available, excluded);
        if (backend is not null)
        {
            Acquire(backend);
        }

        return backend;
    }

    /// <summary>Counts a backend that was picked elsewhere as active until <see cref="Release"/>.</summary>
    /// <param name="backend">A backend of this pool.</param>
    public void Acquire(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        backend.Acquire();
        LoadBalancerTelemetry.RecordPick(Name, backend.Name);
    }

    /// <summary>Ends what <see cref="Pick"/> or <see cref="Acquire"/> began.</summary>
    /// <param name="backend">The backend.</param>
    public void Release(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (backend.Release() == 0 && backend.State == BackendState.Draining)
        {
            RemoveDrained(backend);
        }
    }

    /// <summary>Takes new options: policy, health checks, names and weights.</summary>
    /// <param name="options">The options.</param>
    public void Configure(PoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Policy != _policy.Kind)
        {
            _policy = SelectionPolicies.Create(options.Policy);
        }

        if (options.BackendTls != _options.BackendTls)
        {
            _tls = CreateTls(options);
        }

        Publish(() =>
        {
            _options = options;
            foreach (var backend in _snapshot.Members)
            {
                // One that is no longer described is about to leave; the log shall call it what it was called.
                (backend.Name, backend.Weight) = Describe(backend.Id, backend.Name);
                if (backend.State is BackendState.Checking or BackendState.Unhealthy && options.HealthCheck.Type == HealthCheckType.None)
                {
                    backend.State = BackendState.Healthy;
                }
            }

            return _snapshot.Members;
        });
    }

    /// <summary>
    /// Makes the pool's members the given addresses. Those that were members stay as they are, those that left
    /// drain, new ones are checked first unless the pool has no health checks.
    /// </summary>
    /// <param name="addresses">What discovery found.</param>
    public void SetMembers(IEnumerable<EndPoint> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        Publish(() =>
        {
            var before = _snapshot.Members.ToDictionary(backend => backend.Id, StringComparer.OrdinalIgnoreCase);
            var after = ImmutableArray.CreateBuilder<Backend>();
            foreach (var endPoint in addresses)
            {
                var id = Backend.IdOf(endPoint);
                if (before.Remove(id, out var backend))
                {
                    Rejoin(backend);
                }
                else if (after.Any(member => member.Id.Equals(id, StringComparison.OrdinalIgnoreCase)))
                {
                    continue;
                }
                else
                {
                    var (name, weight) = Describe(id, id);
                    backend = new Backend(ToSocketAddress(endPoint), id, name, weight, StateOfNewcomer);
                    Log.Joined(_logger, Name, backend);
                }

                backend.IsHttps = endPoint is UriEndPoint { Uri.Scheme: "https" };
                after.Add(backend);
            }

            foreach (var gone in before.Values)
            {
                if (gone.State != BackendState.Draining)
                {
                    Log.Left(_logger, Name, gone, gone.Active);
                    gone.State = BackendState.Draining;
                }

                if (gone.Active > 0)
                {
                    after.Add(gone);
                }
            }

            return after.ToImmutable();
        });
    }

    /// <summary>Reports what health checks found.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="healthy">Whether it can be picked.</param>
    /// <param name="reason">Why not, or how it recovered; for the log.</param>
    public void SetHealth(Backend backend, bool healthy, string reason)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var state = healthy ? BackendState.Healthy : BackendState.Unhealthy;
        if (backend.State == state)
        {
            return;
        }

        Publish(() =>
        {
            // A check that was under way when the backend left must not bring it back.
            if (backend.State != BackendState.Draining && backend.State != state)
            {
                Log.StateChanged(_logger, Name, backend, backend.State, state, reason);
                backend.State = state;
            }

            return _snapshot.Members;
        });
    }

    /// <summary>Says what the pool is doing.</summary>
    /// <returns>A copy of the figures at this moment.</returns>
    public PoolStatistics GetStatistics()
    {
        var snapshot = _snapshot;
        var backends = snapshot.Members.Select(backend => new BackendStatistics(
            backend.Name, backend.Id, backend.State, backend.Weight, backend.Active, backend.Picks, backend.Failures, backend.LastError));
        return new(Name, Service, _policy.Kind, snapshot.Available.Length, [.. backends]);
    }

    private BackendTls? CreateTls(PoolOptions options) => options.BackendTls is { } tls ? new(Name, tls, _logger) : null;

    private BackendState StateOfNewcomer =>
        _options.HealthCheck.Type == HealthCheckType.None ? BackendState.Healthy : BackendState.Checking;

    private static EndPoint ToSocketAddress(EndPoint endPoint) => endPoint switch
    {
        UriEndPoint { Uri: var uri } when IPAddress.TryParse(uri.DnsSafeHost, out var address) => new IPEndPoint(address, uri.Port),
        UriEndPoint { Uri: var uri } => new DnsEndPoint(uri.DnsSafeHost, uri.Port),
        _ => endPoint,
    };

    // Retries are rare, so this path may copy; it still allocates nothing.
    private static Backend? PickAnother(ISelectionPolicy policy, ulong clientHash, ReadOnlySpan<Backend> available, ReadOnlySpan<Backend> excluded)
    {
        var rented = ArrayPool<Backend>.Shared.Rent(available.Length);
        var count = 0;
        foreach (var backend in available)
        {
            if (!excluded.Contains(backend))
            {
                rented[count++] = backend;
            }
        }

        var picked = count == 0 ? null : policy.Pick(rented.AsSpan(0, count), clientHash);
        ArrayPool<Backend>.Shared.Return(rented, clearArray: true);
        return picked;
    }

    // Apart from Release, which every request calls: the closure would be allocated there even when nothing drains.
    private void RemoveDrained(Backend backend) =>
        Publish(() => _snapshot.Members.RemoveAll(member => member == backend && member.State == BackendState.Draining && member.Active == 0));

    private void Rejoin(Backend backend)
    {
        if (backend.State == BackendState.Draining)
        {
            backend.State = StateOfNewcomer;
            Log.Joined(_logger, Name, backend);
        }
    }

    private (string Name, int Weight) Describe(string id, string otherwise)
    {
        foreach (var (name, backend) in _options.Backends)
        {
            if (id.Equals(backend.Address, StringComparison.OrdinalIgnoreCase))
            {
                return (name, backend.Weight);
            }
        }

        return (otherwise, 1);
    }

    private void Publish(Func<ImmutableArray<Backend>> change)
    {
        lock (_writing)
        {
            _snapshot = new PoolSnapshot(change());
        }

        Changed?.Invoke(this);
    }

    private static partial class Log
    {
        [LoggerMessage(101, LogLevel.Information, "Pool {Pool}: backend {Backend} joined.")]
        public static partial void Joined(ILogger logger, string pool, Backend backend);

        [LoggerMessage(102, LogLevel.Information, "Pool {Pool}: backend {Backend} left; {Active} active may end.")]
        public static partial void Left(ILogger logger, string pool, Backend backend, int active);

        [LoggerMessage(103, LogLevel.Information, "Pool {Pool}: backend {Backend} {Before} -> {After}: {Reason}")]
        public static partial void StateChanged(ILogger logger, string pool, Backend backend, BackendState before, BackendState after, string reason);

    }
}
