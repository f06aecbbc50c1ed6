using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
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
    // A policy that was given this many chances picks the same few again and again.
    private const int MostDraws = 8;

    private readonly Lock _writing = new();
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly PickLog? _picks;
    private readonly WaitQueue _queue = new();
    private PoolOptions _options;
    private volatile PoolSnapshot _snapshot = PoolSnapshot.Empty;
    private volatile ISelectionPolicy _policy;
    private volatile FaultOptions? _faults;
    private volatile BackendTls? _tls;
    private long _turn;

    // The policy that a command gave the pool, until the configuration says another than it did then.
    private (SelectionPolicy Policy, SelectionPolicy Configured)? _policyCommand;

    /// <summary>Creates an empty pool.</summary>
    /// <param name="name">The pool's name.</param>
    /// <param name="service">The name that discovery resolves.</param>
    /// <param name="options">Policy, health checks, limits, names and weights.</param>
    /// <param name="logger">Gets a line for every change of a backend's state.</param>
    /// <param name="time">The clock of ejections, slow starts and queues; the system's when null.</param>
    /// <param name="picks">Hears of every pick while somebody watches; null for nobody.</param>
    public BackendPool(string name, string service, PoolOptions options, ILogger logger, TimeProvider? time = null, PickLog? picks = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Name = name;
        Service = service;
        _options = options;
        _logger = logger;
        _time = time ?? TimeProvider.System;
        _picks = picks;
        _policy = SelectionPolicies.Create(options.Policy);
        _tls = CreateTls(options);
    }

    /// <summary>Raised after a new snapshot is in place: membership, state, names or weights changed.</summary>
    public event Action<BackendPool>? Changed;

    /// <summary>The pool's name.</summary>
    public string Name { get; }

    /// <summary>The name that discovery resolves.</summary>
    public string Service { get; }

    /// <summary>The options in force.</summary>
    public PoolOptions Options => Volatile.Read(ref _options);

    /// <summary>The policy of the pool; listeners and routes may bring their own.</summary>
    public ISelectionPolicy Policy => _policy;

    /// <summary>How backends with the scheme <c>https</c> are spoken to; null for the machine's own trust.</summary>
    public BackendTls? Tls => _tls;

    /// <summary>The pool at this moment.</summary>
    public PoolSnapshot Snapshot => _snapshot;

    /// <summary>Faults in force at every backend that has none of its own; null for none.</summary>
    public FaultOptions? Faults => _faults;

    /// <summary>Faults in force at a backend: its own, or else the pool's.</summary>
    /// <param name="backend">A backend of this pool; null for one that is not picked yet.</param>
    /// <returns>The faults; null for none.</returns>
    public FaultOptions? FaultsOf(Backend? backend) => backend?.Faults ?? _faults;

    /// <summary>Connections and requests that wait for a backend.</summary>
    internal int Queued => _queue.Count;

    /// <summary>Whether discovery has yet to answer for the first time, or none can be picked while one is still being checked.</summary>
    internal bool IsUndecided
    {
        get
        {
            var snapshot = _snapshot;
            return snapshot == PoolSnapshot.Empty
                || (snapshot.Candidates.Count == 0 && snapshot.Members.Any(backend => backend.State == BackendState.Checking));
        }
    }

    /// <summary>Picks a backend and counts it as active until <see cref="Release"/>.</summary>
    /// <param name="policy">The policy that decides.</param>
    /// <param name="key">Hash of what identifies the client, see <see cref="ClientHash"/>.</param>
    /// <param name="excluded">Backends that were tried already.</param>
    /// <returns>The backend, or null when none can be picked or all are at their limit.</returns>
    public Backend? Pick(ISelectionPolicy policy, ulong key, ReadOnlySpan<Backend> excluded = default)
    {
        ArgumentNullException.ThrowIfNull(policy);
        while (true)
        {
            var snapshot = _snapshot;
            var backend = snapshot.Candidates.Count == 0 ? null : PickFrom(snapshot, policy, key, excluded);
            // Those that could not be had may have begun to drain meanwhile; then others may have come.
            if (backend is not null || snapshot == _snapshot)
            {
                if (backend is not null && _picks is { IsWatched: true } picks)
                {
                    picks.Record(this, snapshot, backend, policy.Kind, excluded.Length);
                }

                return backend;
            }
        }
    }

    /// <summary>Picks a backend as <see cref="Pick"/> does, and waits for one while all are at their limit.</summary>
    /// <param name="policy">The policy that decides.</param>
    /// <param name="key">Hash of what identifies the client, see <see cref="ClientHash"/>.</param>
    /// <param name="excluded">Backends that were tried already.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The backend, or why there is none.</returns>
    public ValueTask<PickResult> PickAsync(ISelectionPolicy policy, ulong key, Backend[] excluded, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(excluded);
        // Nobody overtakes those who wait for the same.
        if (_queue.Undemanding == 0 && Pick(policy, key, excluded) is { } backend)
        {
            return new(new PickResult(backend, PickFailure.None));
        }

        return Snapshot.Candidates.Backends.ContainsAnyExcept(excluded)
            ? WaitForAnyAsync(policy, key, excluded, cancellationToken)
            : new(new PickResult(null, PickFailure.NoBackend));
    }

    /// <summary>Counts a backend that was picked elsewhere as active until <see cref="Release"/>, and waits while it is at its limit.</summary>
    /// <param name="backend">A backend of this pool.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The backend, or why it could not be had.</returns>
    public ValueTask<PickResult> AcquireAsync(Backend backend, CancellationToken cancellationToken) =>
        TryAcquire(backend)
            ? new(new PickResult(backend, PickFailure.None))
            : WaitForAsync(backend, cancellationToken);

    /// <summary>Counts a backend that was picked elsewhere as active until <see cref="Release"/>.</summary>
    /// <param name="backend">A backend of this pool.</param>
    /// <returns>False when it is at its limit.</returns>
    public bool TryAcquire(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (!TryCount(backend))
        {
            return false;
        }

        Instruments.RecordPick(Name, backend.Name);
        if (_picks is { IsWatched: true } picks)
        {
            picks.Record(this, _snapshot, backend, null, 0);
        }

        return true;
    }

    /// <summary>Whether a session may stay at its backend: it is healthy, whatever its tier, or the pool panics, or it was drained a moment ago.</summary>
    /// <param name="backend">A backend of this pool.</param>
    /// <param name="drainTimeout">How long sessions of a backend may go on that was drained by command. One that left discovery keeps none.</param>
    /// <returns>Whether it may.</returns>
    public bool CanKeep(Backend backend, TimeSpan drainTimeout)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return backend.State is BackendState.Healthy or BackendState.SlowStart
            || _snapshot.CanPick(backend)
            || (backend is { State: BackendState.Draining, HasLeft: false, PassesChecks: true, EjectedUntil: null, DrainingSince: { } since }
                && _time.GetElapsedTime(since) < drainTimeout);
    }

    /// <summary>Ends what a pick or <see cref="TryAcquire"/> began.</summary>
    /// <param name="backend">The backend.</param>
    public void Release(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var left = backend.Release();
        _snapshot.Candidates.Released(backend, left);
        _queue.Wake();
        if (left == 0 && backend.HasLeft)
        {
            RemoveLeft(backend);
        }
    }

    /// <summary>
    /// Reports that a backend failed the traffic itself: it could not be connected, or broke off before its first byte.
    /// So many in a row eject it, or so many of all in a window.
    /// </summary>
    /// <param name="backend">The backend.</param>
    /// <param name="reason">What happened, for the log.</param>
    public void ReportFailure(Backend backend, string reason)
    {
        ArgumentNullException.ThrowIfNull(backend);
        backend.Latency.Fail();
        var inARow = backend.CountFailure();
        Instruments.RecordFailure(Name, backend);
        if (backend.EjectedUntil is not null)
        {
            return;
        }

        var options = Options.OutlierEjection;
        if (options.ConsecutiveFailures > 0 && inARow >= options.ConsecutiveFailures)
        {
            Eject(backend, $"{inARow} failures in a row, the last: {reason}");
        }
        else if (options.FailurePercent > 0 && backend.Outcomes?.Read() is var (all, failed)
            && all >= options.MinimumRequests && failed * 100 >= options.FailurePercent * all)
        {
            Eject(backend, string.Create(CultureInfo.InvariantCulture, $"{failed} of {all} failed within {options.Window.TotalSeconds:0.#} s, the last: {reason}"));
        }
    }

    /// <summary>Takes new options: policy, health checks, limits, names and weights.</summary>
    /// <param name="options">The options.</param>
    public void Configure(PoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.BackendTls != _options.BackendTls)
        {
            _tls = CreateTls(options);
        }

        Publish(() =>
        {
            _options = options;
            if (_policyCommand is { } command && command.Configured != options.Policy)
            {
                _policyCommand = null;
            }

            Use(_policyCommand?.Policy ?? options.Policy);
            foreach (var backend in _snapshot.Members)
            {
                Describe(backend);
                if (options.HealthCheck.Type == HealthCheckType.None && backend.PassesChecks != true)
                {
                    backend.PassesChecks = true;
                    Settle(backend, "its health is not checked");
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
            var isFirst = _snapshot == PoolSnapshot.Empty;
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
                    backend = new Backend(ToSocketAddress(endPoint), id, id, _time) { IsOriginal = isFirst };
                    Describe(backend);
                    Join(backend);
                }

                backend.IsHttps = endPoint is UriEndPoint { Uri.Scheme: "https" };
                after.Add(backend);
            }

            foreach (var gone in before.Values)
            {
                if (!gone.HasLeft)
                {
                    Log.Left(_logger, Name, gone, gone.State, gone.Active);
                    gone.HasLeft = true;
                    Settle(gone, "left discovery", isLogged: false);
                }

                after.Add(gone);
            }

            return after.ToImmutable();
        });
    }

    /// <summary>Reports what health checks found.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="healthy">Whether it passes.</param>
    /// <param name="reason">Why not, or how it recovered; for the log.</param>
    public void SetHealth(Backend backend, bool healthy, string reason)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (backend.PassesChecks != healthy)
        {
            Change(backend, reason, () => backend.PassesChecks = healthy);
        }
    }

    /// <summary>Gives a backend no new connections and requests; what it has may end.</summary>
    /// <param name="backend">A backend of this pool.</param>
    public void Drain(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        Change(backend, "drained by command", () => backend.IsDrained = true);
    }

    /// <summary>Takes a backend back that was drained or ejected.</summary>
    /// <param name="backend">A backend of this pool.</param>
    public void Resume(Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        backend.ForgetFailures();
        Change(backend, "resumed by command", () => (backend.IsDrained, backend.EjectedUntil, backend.RecentEjections) = (false, null, 0));
    }

    /// <summary>Sets a backend's weight until the configuration gives it another one than it does now.</summary>
    /// <param name="backend">A backend of this pool.</param>
    /// <param name="weight">1 to 256.</param>
    public void SetWeight(Backend backend, int weight)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentOutOfRangeException.ThrowIfLessThan(weight, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, 256);
        Publish(() =>
        {
            Log.WeightSet(_logger, Name, backend, backend.Weight, weight);
            backend.WeightCommand = (weight, DescriptionOf(backend).Options.Weight);
            backend.Weight = weight;
            return _snapshot.Members;
        });
    }

    /// <summary>Changes the policy until the configuration gives the pool another one than it does now. A policy that stays keeps its state.</summary>
    /// <param name="policy">The policy.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="policy"/> is not a policy.</exception>
    public void SetPolicy(SelectionPolicy policy) => Publish(() =>
    {
        var before = _policy.Kind;
        Use(policy);
        _policyCommand = (policy, _options.Policy);
        Log.PolicySet(_logger, Name, before, policy);
        return _snapshot.Members;
    });

    /// <summary>Takes a backend out of use for a time.</summary>
    /// <param name="backend">A backend of this pool.</param>
    /// <param name="reason">Why, for the log.</param>
    public void Eject(Backend backend, string reason)
    {
        ArgumentNullException.ThrowIfNull(backend);
        Publish(() =>
        {
            if (backend.EjectedUntil is not null)
            {
                return null;
            }

            var options = _options.OutlierEjection;
            if (_time.GetElapsedTime(backend.EjectionEnded) >= options.MaxTime)
            {
                backend.RecentEjections = 0;
            }

            var doubled = options.BaseTime * Math.Pow(2, Math.Min(backend.RecentEjections, 30));
            var span = doubled < options.MaxTime ? doubled : options.MaxTime;
            var ejection = ++backend.Ejections;
            backend.RecentEjections++;
            backend.EjectedUntil = _time.GetUtcNow() + span;
            After(span, () => EndEjection(backend, ejection));
            Instruments.RecordEjection(Name, backend);
            var before = backend.State;
            Settle(backend, reason, isLogged: false);
            Log.Ejected(_logger, Name, backend, before, backend.State, span.TotalSeconds, reason);
            return _snapshot.Members;
        });
    }

    /// <summary>Switches faults on or off at every backend that has none of its own.</summary>
    /// <param name="faults">The faults; null for none.</param>
    public void SetFaults(FaultOptions? faults)
    {
        _faults = faults is { IsNone: false } ? faults : null;
        Log.FaultsSet(_logger, Name, (object?)_faults ?? "none");
        Changed?.Invoke(this);
    }

    /// <summary>Switches faults on or off at one backend, where they take the place of the pool's.</summary>
    /// <param name="backend">A backend of this pool.</param>
    /// <param name="faults">The faults; null for the pool's.</param>
    public void SetFaults(Backend backend, FaultOptions? faults)
    {
        ArgumentNullException.ThrowIfNull(backend);
        backend.Faults = faults is { IsNone: false } ? faults : null;
        Log.BackendFaultsSet(_logger, Name, backend, (object?)backend.Faults ?? "none");
        Changed?.Invoke(this);
    }

    /// <summary>Begins to count anew at every backend: picks, failures and ejections. Their states and what they have stay.</summary>
    public void ResetStatistics()
    {
        foreach (var backend in _snapshot.Members)
        {
            backend.ResetStatistics();
        }

        Log.StatisticsReset(_logger, Name);
    }

    /// <summary>Says what the pool is doing.</summary>
    /// <returns>A copy of the figures at this moment.</returns>
    public PoolStatistics GetStatistics()
    {
        var snapshot = _snapshot;
        var backends = snapshot.Members.Select(backend => new BackendStatistics(
            backend.Name, backend.Id, backend.State, backend.Reason, backend.Weight, backend.Priority,
            backend.MaxConnections == int.MaxValue ? null : backend.MaxConnections, backend.Active, backend.Picks,
            backend.Failures, backend.Ejections - backend.CountedEjectionsFrom, backend.EjectedUntil, backend.LastError, backend.Faults,
            backend.Latency.Newest is { } latency ? Math.Round(latency, 3) : null));
        var available = snapshot.Available.ToArray();
        return new(
            Name,
            Service,
            _policy.Kind,
            available.Length,
            snapshot.IsPanicking,
            available.Length == 0 ? null : available[0].Priority,
            snapshot.Members.Sum(backend => backend.Active),
            available.Any(backend => backend.MaxConnections == int.MaxValue) ? null : available.Sum(backend => (long)backend.MaxConnections),
            _queue.Count,
            _faults,
            [.. backends]);
    }

    private void Use(SelectionPolicy policy)
    {
        if (policy != _policy.Kind)
        {
            _policy = SelectionPolicies.Create(policy);
        }
    }

    private BackendTls? CreateTls(PoolOptions options) => options.BackendTls is { } tls ? new(Name, tls, _logger) : null;

    private static EndPoint ToSocketAddress(EndPoint endPoint) => endPoint switch
    {
        UriEndPoint { Uri: { Scheme: "unix" } uri } => new UnixDomainSocketEndPoint(uri.LocalPath),
        UriEndPoint { Uri: var uri } when IPAddress.TryParse(uri.DnsSafeHost, out var address) => new IPEndPoint(address, uri.Port),
        UriEndPoint { Uri: var uri } => new DnsEndPoint(uri.DnsSafeHost, uri.Port),
        _ => endPoint,
    };

    private Backend? PickFrom(PoolSnapshot snapshot, ISelectionPolicy policy, ulong key, ReadOnlySpan<Backend> excluded)
    {
        var candidates = snapshot.Candidates;
        for (var attempt = 0; attempt < MostDraws; attempt++)
        {
            var backend = policy.Pick(candidates, new PickRequest(key, attempt, excluded));
            if (!excluded.Contains(backend) && HasItsTurn(snapshot, policy, backend) && TryTake(snapshot, backend))
            {
                return backend;
            }

            if (attempt > 0 && LooksForRoom(policy) && backend.IsFull)
            {
                break;
            }
        }

        // Where a key decides, the same client shall end at the same backend.
        var start = policy.Kind switch
        {
            SelectionPolicy.SourceHash or SelectionPolicy.ConsistentHash => (int)(key % (uint)candidates.Count),
            SelectionPolicy.First => 0,
            _ => Random.Shared.Next(candidates.Count),
        };
        return TakeNext(snapshot, start, excluded, policy) ?? TakeNext(snapshot, start, excluded, null);
    }

    // The first that can be had. With a policy, one in its slow start may have to let the next one go first.
    private Backend? TakeNext(PoolSnapshot snapshot, int start, ReadOnlySpan<Backend> excluded, ISelectionPolicy? policy)
    {
        var candidates = snapshot.Candidates;
        for (var i = 0; i < candidates.Count; i++)
        {
            var backend = candidates[(start + i) % candidates.Count];
            if (!backend.IsFull && !excluded.Contains(backend) && (policy is null || HasItsTurn(snapshot, policy, backend)) && TryTake(snapshot, backend))
            {
                return backend;
            }
        }

        return null;
    }

    // When such a policy comes back with a full one, it has found no other.
    private static bool LooksForRoom(ISelectionPolicy policy) => policy.Kind is SelectionPolicy.LeastConnections or SelectionPolicy.First;

    // Policies that weigh load, or go by the order, see to the smaller share of a backend in its slow start by themselves.
    // Where all are in theirs, the one that is nearest to its end has the whole share.
    private static bool HasItsTurn(PoolSnapshot snapshot, ISelectionPolicy policy, Backend backend) =>
        backend.SlowStart is not { } start
        || policy.Kind is SelectionPolicy.LeastConnections or SelectionPolicy.PowerOfTwoChoices or SelectionPolicy.PeakEwma or SelectionPolicy.First
        || Random.Shared.NextDouble() * (snapshot.Warmest?.Share ?? 1) < start.Share;

    // Takes a backend that a snapshot names, unless it drains in a newer one.
    private bool TryTake(PoolSnapshot snapshot, Backend backend)
    {
        if (!TryCount(backend))
        {
            return false;
        }

        if (snapshot == _snapshot || backend.State != BackendState.Draining)
        {
            Instruments.RecordPick(Name, backend.Name);
            return true;
        }

        var left = backend.Withdraw();
        _snapshot.Candidates.Released(backend, left);
        if (left == 0 && backend.HasLeft)
        {
            RemoveLeft(backend);
        }

        return false;
    }

    private bool TryCount(Backend backend)
    {
        if (!backend.TryAcquire())
        {
            return false;
        }

        var candidates = _snapshot.Candidates;
        if (candidates.OrdersLoads)
        {
            backend.PickedInTurn = Interlocked.Increment(ref _turn);
        }

        candidates.Acquired(backend);
        return true;
    }

    // Apart from their callers, whose quick way out would allocate the closure as well.
    private ValueTask<PickResult> WaitForAnyAsync(ISelectionPolicy policy, ulong key, Backend[] excluded, CancellationToken cancellationToken) =>
        WaitAsync(() => Pick(policy, key, excluded), isDemanding: excluded.Length > 0, cancellationToken);

    private ValueTask<PickResult> WaitForAsync(Backend backend, CancellationToken cancellationToken) =>
        WaitAsync(() => TryAcquire(backend) ? backend : null, isDemanding: true, cancellationToken);

    private async ValueTask<PickResult> WaitAsync(Func<Backend?> tryTake, bool isDemanding, CancellationToken cancellationToken)
    {
        var options = Options;
        var since = Instruments.TimesQueues ? _time.GetTimestamp() : 0;
        var (backend, failure) = await _queue.TakeAsync(tryTake, options.QueueLength, options.QueueTimeout, _time, cancellationToken, isDemanding);
        if (since != 0 && failure != WaitFailure.QueueFull)
        {
            Instruments.RecordWait(LoadBalancerTelemetry.PoolKey, Name, _time.GetElapsedTime(since));
        }

        return new(backend, failure switch
        {
            WaitFailure.QueueFull => PickFailure.AtCapacity,
            WaitFailure.TimedOut => PickFailure.QueueTimeout,
            WaitFailure.Cancelled => PickFailure.Cancelled,
            _ => PickFailure.None,
        });
    }

    // Apart from Release, which every request calls: the closure would be allocated there even when nothing drains.
    private void RemoveLeft(Backend backend) =>
        Publish(() => _snapshot.Members.Contains(backend) ? _snapshot.Members : null);

    private void Join(Backend backend)
    {
        backend.PassesChecks = _options.HealthCheck.Type == HealthCheckType.None ? true : null;
        Settle(backend, "joined", isLogged: false);
        Log.Joined(_logger, Name, backend, backend.State, _options.HealthCheck.Type);
    }

    private void Rejoin(Backend backend)
    {
        if (backend.HasLeft)
        {
            (backend.HasLeft, backend.IsOriginal) = (false, false);
            // What failed was the one that left; its connections may be all that is left of it.
            (backend.EjectedUntil, backend.RecentEjections) = (null, 0);
            backend.ForgetFailures();
            Join(backend);
        }
    }

    private void Change(Backend backend, string reason, Action change) => Publish(() =>
    {
        change();
        Settle(backend, reason);
        return _snapshot.Members;
    });

    /// <summary>Brings the state in line with what decides it.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="reason">Why it may have changed.</param>
    /// <param name="isLogged">Whether a change has its line here; false where whoever calls has one that says more.</param>
    private void Settle(Backend backend, string reason, bool isLogged = true)
    {
        var before = backend.State;
        var after = StateOf(backend);
        if (after == BackendState.Healthy && before is not (BackendState.Healthy or BackendState.SlowStart) && IsCold(backend, before))
        {
            var start = new SlowStart(_time, _time.GetTimestamp(), _options.SlowStart);
            backend.SlowStart = start;
            After(_options.SlowStart, () => EndSlowStart(backend, start));
            after = BackendState.SlowStart;
        }
        else if (after is not (BackendState.Healthy or BackendState.SlowStart))
        {
            backend.SlowStart = null;
        }

        if (after == before)
        {
            return;
        }

        backend.DrainingSince = after == BackendState.Draining ? _time.GetTimestamp() : null;
        backend.Reason = reason;
        backend.State = after;
        if (isLogged && !backend.HasLeft)
        {
            Log.StateChanged(_logger, Name, backend, before, after, reason);
        }
    }

    private static BackendState StateOf(Backend backend) => backend switch
    {
        { HasLeft: true } or { IsDrained: true } => BackendState.Draining,
        { PassesChecks: null } => BackendState.Checking,
        { PassesChecks: false } => BackendState.Unhealthy,
        { EjectedUntil: not null } => BackendState.Ejected,
        { SlowStart: not null } => BackendState.SlowStart,
        _ => BackendState.Healthy,
    };

    // A newcomer is cold as well, save where all are: at the pool's beginning.
    private bool IsCold(Backend backend, BackendState before) =>
        _options.SlowStart > TimeSpan.Zero && (before != BackendState.Checking || !backend.IsOriginal);

    private void EndSlowStart(Backend backend, SlowStart start) => Publish(() =>
    {
        if (backend.SlowStart != start)
        {
            return null;
        }

        backend.SlowStart = null;
        Settle(backend, "slow start is over");
        return _snapshot.Members;
    });

    // By number, not by the time of day: that may have been set back since, and a timer may ring a moment early.
    private void EndEjection(Backend backend, int ejection) => Publish(() =>
    {
        if (backend.EjectedUntil is null || backend.Ejections != ejection)
        {
            return null;
        }

        backend.ForgetFailures();
        backend.EjectedUntil = null;
        backend.EjectionEnded = _time.GetTimestamp();
        Settle(backend, "ejection is over");
        return _snapshot.Members;
    });

    // A timer that nobody holds lives until it has rung.
    private void After(TimeSpan span, Action action)
    {
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                action();
                timer?.Dispose();
            },
            null,
            span,
            Timeout.InfiniteTimeSpan);
    }

    private (string? Name, BackendOptions Options) DescriptionOf(Backend backend)
    {
        foreach (var (name, options) in _options.Backends)
        {
            if (backend.Id.Equals(options.Address, StringComparison.OrdinalIgnoreCase))
            {
                return (name, options);
            }
        }

        return (null, new());
    }

    private void Describe(Backend backend)
    {
        var (name, configured) = DescriptionOf(backend);
        // One that is no longer described is about to leave; the log shall call it what it was called.
        backend.Name = name ?? backend.Name;
        backend.Priority = configured.Priority;
        backend.Latency.Decay = _options.LatencyDecay;
        backend.MaxConnections = configured.MaxConnections ?? _options.MaxConnections ?? int.MaxValue;
        if (_options.OutlierEjection is not { FailurePercent: > 0, Window: var window })
        {
            backend.Outcomes = null;
        }
        else if (backend.Outcomes?.Span != window)
        {
            backend.Outcomes = new RollingCounts(window, _time);
        }

        if (backend.WeightCommand is { } command && command.Configured == configured.Weight)
        {
            backend.Weight = command.Weight;
        }
        else
        {
            backend.WeightCommand = null;
            backend.Weight = configured.Weight;
        }
    }

    /// <summary>Makes a change and the snapshot that follows from it.</summary>
    /// <param name="change">Makes it and says who the members are then; null when nothing changed.</param>
    private void Publish(Func<ImmutableArray<Backend>?> change)
    {
        lock (_writing)
        {
            var before = _snapshot;
            if (change() is not { } members)
            {
                return;
            }

            var after = new PoolSnapshot(members, _options, before.Candidates);
            _snapshot = after;
            // Whoever counts a connection tells the newest snapshot of it, or has counted it before this point.
            Interlocked.MemoryBarrier();
            after.Candidates.Settle();
            if (members.RemoveAll(IsGone) is var remaining && remaining.Length < members.Length)
            {
                // Only now: a pick that still gave one of them work would not have been seen before.
                _snapshot = new PoolSnapshot(remaining, _options, after.Candidates);
            }

            if (after.IsPanicking != before.IsPanicking)
            {
                Report(after);
            }
        }

        // There may be room where there was none.
        _queue.Wake();
        Changed?.Invoke(this);
    }

    private static bool IsGone(Backend backend) => backend is { HasLeft: true, Active: 0 };

    private void Report(PoolSnapshot after)
    {
        if (after.IsPanicking)
        {
            Log.Panics(_logger, Name, _options.PanicThreshold, after.Candidates.Count);
        }
        else
        {
            Log.PanicIsOver(_logger, Name, after.Candidates.Count);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(101, LogLevel.Information, "Pool {Pool}: backend {Backend} joined: {State}, health check {HealthCheck}")]
        public static partial void Joined(ILogger logger, string pool, Backend backend, BackendState state, HealthCheckType healthCheck);

        [LoggerMessage(102, LogLevel.Information, "Pool {Pool}: backend {Backend} left: {Before} before, service discovery no longer names it; {Active} active may end")]
        public static partial void Left(ILogger logger, string pool, Backend backend, BackendState before, int active);

        [LoggerMessage(103, LogLevel.Information, "Pool {Pool}: backend {Backend} {Before} -> {After}: {Reason}")]
        public static partial void StateChanged(ILogger logger, string pool, Backend backend, BackendState before, BackendState after, string reason);

        [LoggerMessage(104, LogLevel.Warning, "Pool {Pool}: backend {Backend} {Before} -> {After} for {Seconds} s: {Reason}")]
        public static partial void Ejected(ILogger logger, string pool, Backend backend, BackendState before, BackendState after, double seconds, string reason);

        [LoggerMessage(105, LogLevel.Warning, "Pool {Pool}: panics: more than {Threshold} % of its backends are unhealthy, so every one is used: {Count}.")]
        public static partial void Panics(ILogger logger, string pool, int threshold, int count);

        [LoggerMessage(106, LogLevel.Information, "Pool {Pool}: no longer panics; backends in use: {Count}.")]
        public static partial void PanicIsOver(ILogger logger, string pool, int count);

        [LoggerMessage(107, LogLevel.Information, "Pool {Pool}: backend {Backend} has weight {After} by command, before {Before}.")]
        public static partial void WeightSet(ILogger logger, string pool, Backend backend, int before, int after);

        [LoggerMessage(108, LogLevel.Warning, "Pool {Pool}: faults by command: {Faults}")]
        public static partial void FaultsSet(ILogger logger, string pool, object faults);

        [LoggerMessage(109, LogLevel.Warning, "Pool {Pool}: backend {Backend}: faults by command: {Faults}")]
        public static partial void BackendFaultsSet(ILogger logger, string pool, Backend backend, object faults);

        [LoggerMessage(110, LogLevel.Information, "Pool {Pool}: policy {After} by command, before {Before}.")]
        public static partial void PolicySet(ILogger logger, string pool, SelectionPolicy before, SelectionPolicy after);

        [LoggerMessage(112, LogLevel.Information, "Pool {Pool}: its statistics begin anew, by command.")]
        public static partial void StatisticsReset(ILogger logger, string pool);
    }
}
