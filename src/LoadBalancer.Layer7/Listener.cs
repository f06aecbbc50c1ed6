using LoadBalancer.Layer7.Tls;

namespace LoadBalancer.Layer7;

/// <summary>
/// A listener at work. Every connection carries it as a feature, so that what changes while it listens holds for
/// connections that are open already.
/// </summary>
internal sealed class Listener(string name, TlsTermination? tls)
{
    private volatile int _redirectPort;
    private volatile AcceptedProxyHeader? _proxyHeader;
    private long _refused;
    private long _requests;

    public string Name => name;

    /// <summary>TLS; null for clear text.</summary>
    public TlsTermination? Tls => tls;

    /// <summary>The port that every request is sent to; 0 where requests are served.</summary>
    public int RedirectPort
    {
        get => _redirectPort;
        set => _redirectPort = value;
    }

    /// <summary>The PROXY protocol header that new connections begin with; null where none is looked for.</summary>
    public AcceptedProxyHeader? ProxyHeader
    {
        get => _proxyHeader;
        set => _proxyHeader = value;
    }

    /// <summary>Its connections and bytes.</summary>
    public ListenerTraffic Traffic { get; } = new();

    /// <summary>Requests and connections that were refused before a route was looked for.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Requests that came this way and were not refused before a route was looked for.</summary>
    public long Requests => Volatile.Read(ref _requests);

    public void RecordRequest() => Interlocked.Increment(ref _requests);

    public void RecordRefused() => Interlocked.Increment(ref _refused);

    public void ResetStatistics()
    {
        Volatile.Write(ref _refused, 0);
        Volatile.Write(ref _requests, 0);
    }
}
