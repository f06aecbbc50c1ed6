using System.IO.Hashing;
using System.Net;
using System.Text;
using LoadBalancer.Configuration.Statistics;
using Microsoft.Extensions.ServiceDiscovery;

namespace LoadBalancer.Backends;

/// <summary>
/// One replica's address, with what the balancer knows of it. The object stays the same for as long as discovery
/// names the address, so its counters survive every snapshot.
/// </summary>
public sealed class Backend
{
    private int _active;
    private long _picks;
    private long _failures;
    private volatile BackendState _state;
    private volatile string? _lastError;

    internal Backend(EndPoint endPoint, string id, string name, int weight, BackendState state)
    {
        EndPoint = endPoint;
        Id = id;
        Hash = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(id));
        Name = name;
        Weight = weight;
        _state = state;
    }

    /// <summary>The address as discovery gave it, <c>host:port</c>. Unique in a pool.</summary>
    public string Id { get; }

    /// <summary>A hash of <see cref="Id"/> that is the same in every process.</summary>
    public ulong Hash { get; }

    /// <summary>The replica's name, or the address where none is configured.</summary>
    public string Name { get; internal set; }

    /// <summary>Share of the work relative to the other backends, 1 to 256.</summary>
    public int Weight { get; internal set; }

    /// <summary>What a socket connects to.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Whether the address was given with the scheme <c>https</c>.</summary>
    public bool IsHttps { get; internal set; }

    /// <summary>Whether it can be picked.</summary>
    public BackendState State
    {
        get => _state;
        internal set => _state = value;
    }

    /// <summary>Why the newest health check failed; null when it passed.</summary>
    public string? LastError
    {
        get => _lastError;
        internal set => _lastError = value;
    }

    /// <summary>Connections and requests it has now.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Times it was picked.</summary>
    public long Picks => Volatile.Read(ref _picks);

    /// <summary>Connections and requests that failed at it.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Counts a connection or request that could not be served.</summary>
    public void RecordFailure() => Interlocked.Increment(ref _failures);

    internal static string IdOf(EndPoint endPoint) => endPoint switch
    {
        // Not the authority, which leaves the port out where it is the scheme's own.
        UriEndPoint { Uri: var uri } => $"{uri.Host}:{uri.Port}",
        DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => endPoint.ToString()!,
    };

    internal void Acquire()
    {
        Interlocked.Increment(ref _active);
        Interlocked.Increment(ref _picks);
    }

    internal int Release() => Interlocked.Decrement(ref _active);

    /// <inheritdoc/>
    public override string ToString() => Name == Id ? Id : $"{Name} ({Id})";
}
