using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;

namespace LoadBalancer.Layer4;

/// <summary>A listener, whatever carries its bytes.</summary>
internal abstract class Layer4Listener(string name, ListenAddress address, ListenerSettings settings)
{
    private static long _lastId;

    private volatile string _name = name;
    private string? _spanName;
    private volatile ListenerSettings _settings = settings;
    private volatile Layer4ListenerStatistics? _before;
    private long _accepted;

    public string Name
    {
        get => _name;
        set
        {
            _name = value;
            _spanName = SpanNameOf(value);
        }
    }

    /// <summary>What a span is called; made once, since the name is asked for also where nobody listens.</summary>
    protected string SpanName => _spanName ??= SpanNameOf(_name);

    public ListenAddress Address { get; } = address;

    public abstract Layer4Protocol Protocol { get; }

    public abstract Layer4Mode Mode { get; }

    /// <summary>Where it listens.</summary>
    public abstract IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>What is done with new connections.</summary>
    public virtual ListenerSettings Settings
    {
        get => _settings;
        set => _settings = value;
    }

    /// <summary>Connections or sessions open now.</summary>
    public abstract int Active { get; }

    /// <summary>Connections that wait because the listener is at its limit.</summary>
    public virtual int Queued => 0;

    public abstract long BytesToBackend { get; }

    public abstract long BytesToClient { get; }

    /// <summary>Rows of the connection table.</summary>
    public abstract IEnumerable<ConnectionStatistics> Connections { get; }

    /// <summary>Connections or sessions accepted.</summary>
    public virtual long Accepted => Volatile.Read(ref _accepted);

    public RefusalCounts Refusals { get; } = new();

    /// <summary>Whether it can go on under options that ask for the same address.</summary>
    public bool IsFor(ListenAddress address, Layer4ListenerOptions options) =>
        Address == address && Protocol == options.Protocol && Mode == options.Mode;

    /// <summary>Closes a connection or session by command.</summary>
    /// <returns>Whether it is one of this listener's.</returns>
    public abstract bool TryClose(long id);

    /// <summary>Stops accepting, lets connections end by themselves, and ends those that are left after the time-out.</summary>
    public abstract Task StopAsync(TimeSpan drainTimeout);

    /// <summary>Begins to count anew. Telemetry, and the rows of the connection table, go on.</summary>
    public void ResetStatistics() => _before = Count();

    public Layer4ListenerStatistics GetStatistics()
    {
        var now = Count();
        return _before is not { } before ? now : now with
        {
            Accepted = Since(before.Accepted, now.Accepted),
            Refused = Since(before.Refused, now.Refused),
            Refusals = now.Refusals
                .Select(refusal => KeyValuePair.Create(refusal.Key, Since(before.Refusals.GetValueOrDefault(refusal.Key), refusal.Value)))
                .Where(refusal => refusal.Value > 0)
                .ToDictionary(),
            BytesToBackend = Since(before.BytesToBackend, now.BytesToBackend),
            BytesToClient = Since(before.BytesToClient, now.BytesToClient),
        };
    }

    private Layer4ListenerStatistics Count()
    {
        var settings = Settings;
        return new(
            Name,
            [.. EndPoints.Select(endPoint => endPoint.ToString())],
            Protocol,
            Mode,
            settings.Pool?.Name,
            settings.Pool is { } pool ? settings.PolicyFor(pool).Kind : settings.OwnPolicy?.Kind,
            Active,
            settings.Options.MaxConnections ?? (Protocol == Layer4Protocol.Udp && Mode == Layer4Mode.Relay ? Layer4ListenerOptions.DefaultMaxSessions : null),
            Queued,
            settings.Affinity?.Count ?? 0,
            Accepted,
            Refusals.Total,
            Refusals.ToDictionary(),
            [.. PoolsOf(settings.Options)],
            BytesToBackend,
            BytesToClient);
    }

    /// <summary>A number for a new connection or session: no two in the process have the same.</summary>
    protected static long NextId() => Interlocked.Increment(ref _lastId);

    private string SpanNameOf(string name) => $"{name} {(Protocol == Layer4Protocol.Udp ? "session" : "connection")}";

    private static IEnumerable<string> PoolsOf(Layer4ListenerOptions options) =>
        options.TlsRoutes.Values.Select(route => route.Pool).Prepend(options.Pool).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase);

    // The kernel's counters, in NAT mode, may begin anew by themselves.
    private static long Since(long before, long now) => now >= before ? now - before : now;

    protected void CountAccepted() => Interlocked.Increment(ref _accepted);
}
