using System.IO.Hashing;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Backends;

/// <summary>
/// One replica's address, with what the balancer knows of it. The object stays the same for as long as discovery
/// names the address, so its counters survive every snapshot. What decides its state is written by its pool alone,
/// under the pool's lock; counters are anybody's.
/// </summary>
public sealed class Backend
{
    private int _active;
    private long _picks;
    private long _failures;
    private long _pickedInTurn;
    private int _consecutiveFailures;
    private volatile BackendState _state = BackendState.Checking;
    private volatile string? _lastError;
    private volatile string? _reason;
    private volatile FaultOptions? _faults;
    private volatile RollingCounts? _outcomes;

    internal Backend(EndPoint endPoint, string id, string name, TimeProvider? time = null)
    {
        EndPoint = endPoint;
        Id = id;
        Hash = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(id));
        Name = name;
        Latency = new(time ?? TimeProvider.System);
        Url = UrlOf("http");
    }

    /// <summary>The address as discovery gave it, <c>host:port</c> or <c>unix:/path</c>. Unique in a pool.</summary>
    public string Id { get; }

    /// <summary>A hash of <see cref="Id"/> that is the same in every process.</summary>
    public ulong Hash { get; }

    /// <summary>The replica's name, or the address where none is configured.</summary>
    public string Name { get; internal set; }

    /// <summary>Share of the work relative to the other backends, 1 to 256.</summary>
    public int Weight { get; internal set; } = 1;

    /// <summary>Its tier: used only while no lower one has a healthy backend.</summary>
    public int Priority { get; internal set; }

    /// <summary>Most connections and requests it may have at a time; <see cref="int.MaxValue"/> for no limit.</summary>
    public int MaxConnections { get; internal set; } = int.MaxValue;

    /// <summary>What a socket connects to.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Whether the address was given with the scheme <c>https</c>.</summary>
    public bool IsHttps
    {
        get;
        internal set
        {
            field = value;
            Url = UrlOf(value ? "https" : "http");
        }
    }

    /// <summary>
    /// Its URL, ending in a slash. Handlers that connect by <see cref="BackendConnector"/> reach a Unix domain socket
    /// under it too.
    /// </summary>
    public string Url { get; private set; }

    /// <summary>Whether it can be picked.</summary>
    public BackendState State
    {
        get => _state;
        internal set => _state = value;
    }

    /// <summary>Why it is in this state.</summary>
    public string? Reason
    {
        get => _reason;
        internal set => _reason = value;
    }

    /// <summary>Why the newest health check failed; null when it passed.</summary>
    public string? LastError
    {
        get => _lastError;
        internal set => _lastError = value;
    }

    /// <summary>Faults in force at it alone; null for none.</summary>
    public FaultOptions? Faults
    {
        get => _faults;
        internal set => _faults = value;
    }

    /// <summary>Connections and requests it has now.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Times it was picked.</summary>
    // One that is withdrawn may have been counted before a reset.
    public long Picks => Math.Max(0, Volatile.Read(ref _picks));

    /// <summary>Connections and requests that failed at it.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Whether it has as many connections and requests as it may have.</summary>
    public bool IsFull => Active >= MaxConnections;

    /// <summary>When it began to drain, as <see cref="TimeProvider.GetTimestamp"/> says; null when it does not.</summary>
    public long? DrainingSince { get; internal set; }

    /// <summary>Whether discovery no longer names it.</summary>
    public bool HasLeft { get; internal set; }

    /// <summary>How long it takes to answer.</summary>
    internal PeakLatency Latency { get; }

    /// <summary>What health checks say; null before the first has ended.</summary>
    internal bool? PassesChecks { get; set; }

    /// <summary>Whether it was drained by command.</summary>
    internal bool IsDrained { get; set; }

    /// <summary>The weight that a command gave it, until the configuration says another than it did then.</summary>
    internal (int Weight, int Configured)? WeightCommand { get; set; }

    internal DateTimeOffset? EjectedUntil { get; set; }

    internal int Ejections { get; set; }

    /// <summary>Ejections before statistics were reset; the number of an ejection must not come twice.</summary>
    internal int CountedEjectionsFrom { get; private set; }

    /// <summary>Ejections that double the time of the next one.</summary>
    internal int RecentEjections { get; set; }

    /// <summary>Whether it was there when the pool began: then it is not cold compared to the others.</summary>
    internal bool IsOriginal { get; set; }

    /// <summary>The span of its slow start; null when its share is whole.</summary>
    internal SlowStart? SlowStart { get; set; }

    /// <summary>Its index among the candidates of the newest snapshot that has it.</summary>
    internal int Slot { get; set; }

    /// <summary>The pool's count of picks when it was last picked; kept only where a policy asks.</summary>
    internal long PickedInTurn
    {
        get => Volatile.Read(ref _pickedInTurn);
        set => Volatile.Write(ref _pickedInTurn, value);
    }

    /// <summary>When its newest ejection ended, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    internal long EjectionEnded { get; set; }

    /// <summary>Connections and requests, and those that failed, over the window of its pool; null where nobody asks.</summary>
    internal RollingCounts? Outcomes
    {
        get => _outcomes;
        set => _outcomes = value;
    }

    // The path of a Unix domain socket cannot be a host; one stands for it alone, so that handlers keep its connections apart.
    private string UrlOf(string scheme) => $"{scheme}://{(EndPoint is UnixDomainSocketEndPoint ? $"unix-{Hash:x16}" : Id)}/";

    internal static string IdOf(EndPoint endPoint) => endPoint switch
    {
        UriEndPoint { Uri: { Scheme: "unix" } uri } => $"unix:{uri.LocalPath}",
        UnixDomainSocketEndPoint unix => $"unix:{unix}",
        // Not the authority, which leaves the port out where it is the scheme's own.
        UriEndPoint { Uri: var uri } => $"{uri.Host}:{uri.Port}",
        DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => endPoint.ToString()!,
    };

    /// <summary>Counts one more active, unless it is full.</summary>
    internal bool TryAcquire()
    {
        var limit = MaxConnections;
        if (limit == int.MaxValue)
        {
            Interlocked.Increment(ref _active);
        }
        else
        {
            for (var active = Active; ; active = Active)
            {
                if (active >= limit)
                {
                    return false;
                }

                if (Interlocked.CompareExchange(ref _active, active + 1, active) == active)
                {
                    break;
                }
            }
        }

        Interlocked.Increment(ref _picks);
        return true;
    }

    /// <summary>Begins to count anew. What decides its state goes on.</summary>
    internal void ResetStatistics()
    {
        Volatile.Write(ref _picks, 0);
        Volatile.Write(ref _failures, 0);
        CountedEjectionsFrom = Ejections;
    }

    internal int Release() => Interlocked.Decrement(ref _active);

    /// <summary>Undoes <see cref="TryAcquire"/>, as if it had never been picked.</summary>
    internal int Withdraw()
    {
        Interlocked.Decrement(ref _picks);
        return Release();
    }

    /// <summary>Counts a failure.</summary>
    /// <returns>How many there were in a row.</returns>
    internal int CountFailure()
    {
        Interlocked.Increment(ref _failures);
        _outcomes?.Add(1, 1);
        return Interlocked.Increment(ref _consecutiveFailures);
    }

    /// <summary>Counts a failure that says nothing of the next connection: one that came after it had begun to answer.</summary>
    public void RecordFailure() => Interlocked.Increment(ref _failures);

    /// <summary>Notes how long it took: to answer on Layer 7, to be connected on Layer 4.</summary>
    /// <param name="elapsed">The time.</param>
    public void RecordLatency(TimeSpan elapsed) => Latency.Observe(elapsed);

    /// <summary>Notes that it did its work, once a connection or request: failures before are no longer in a row with those to come.</summary>
    public void RecordSuccess()
    {
        _outcomes?.Add(1, 0);
        // Read first: every connection comes by, and a write would take the cache line from the other cores.
        if (Volatile.Read(ref _consecutiveFailures) != 0)
        {
            Volatile.Write(ref _consecutiveFailures, 0);
        }
    }

    /// <summary>Starts its passive health from the beginning.</summary>
    internal void ForgetFailures()
    {
        Volatile.Write(ref _consecutiveFailures, 0);
        if (_outcomes is { } outcomes)
        {
            _outcomes = outcomes.Anew();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name == Id ? Id : $"{Name} ({Id})";
}
