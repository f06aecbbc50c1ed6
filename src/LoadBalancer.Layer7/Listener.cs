using LoadBalancer.Layer7.Tls;

namespace LoadBalancer.Layer7;

/// <summary>
/// A listener at work. Every connection carries it as a feature, so that what changes while it listens holds for
/// connections that are open already.
/// </summary>
internal sealed class Listener(TlsTermination? tls)
{
    private volatile int _redirectPort;

    /// <summary>TLS; null for clear text.</summary>
    public TlsTermination? Tls => tls;

    /// <summary>The port that every request is sent to; 0 where requests are served.</summary>
    public int RedirectPort
    {
        get => _redirectPort;
        set => _redirectPort = value;
    }
}
