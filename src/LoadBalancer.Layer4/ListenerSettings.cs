using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Layer4.Guards;
using LoadBalancer.Layer4.Tls;
using LoadBalancer.Selection;

namespace LoadBalancer.Layer4;

/// <summary>What a listener does with a connection; replaced as a whole when the configuration changes.</summary>
internal sealed class ListenerSettings
{
    private ListenerSettings(Layer4ListenerOptions options, TimeSpan drainTimeout, BackendPools pools, ListenerSettings? before)
    {
        Options = options;
        DrainTimeout = drainTimeout;
        Pool = options.Pool is { } pool ? pools.Find(pool) : null;
        TlsRoutes = options.TlsRoutes.Count == 0 ? null : new TlsRouteTable(options.TlsRoutes.Values, pools);
        // What has state stays where it can: a replica that comes or goes must not send the next client to the first
        // again, nor forget who has which backend.
        OwnPolicy = options.Policy is not { } kind ? null
            : before?.OwnPolicy is { } policy && policy.Kind == kind ? policy
            : SelectionPolicies.Create(kind);
        Guard = before?.Guard is { } guard && guard.IsFor(options) ? guard : new SourceGuard(options);
        Affinity = options.SourceAffinity is not { } affinity ? null
            : before?.Affinity is { } remembered && remembered.Options == affinity ? remembered
            : new SourceAffinity(affinity, TimeProvider.System);
        TrustedProxies = options.ProxyProtocol is { } proxy ? new NetworkSet(proxy.TrustedNetworks) : null;
    }

    public Layer4ListenerOptions Options { get; }

    /// <summary>Time that connections get to end when their backend drains.</summary>
    public TimeSpan DrainTimeout { get; }

    /// <summary>The pool of connections that no TLS route takes; null when these are refused.</summary>
    public BackendPool? Pool { get; }

    /// <summary>The listener's own policy; null where each pool's decides.</summary>
    public ISelectionPolicy? OwnPolicy { get; }

    public TlsRouteTable? TlsRoutes { get; }

    public SourceGuard Guard { get; }

    public SourceAffinity? Affinity { get; }

    /// <summary>Who must send a PROXY protocol header; null where nobody may.</summary>
    public NetworkSet? TrustedProxies { get; }

    public static ListenerSettings Create(Layer4ListenerOptions options, TimeSpan drainTimeout, BackendPools pools, ListenerSettings? before) =>
        new(options, drainTimeout, pools, before);

    /// <summary>The listener's own policy, or else the pool's as it is now.</summary>
    public ISelectionPolicy PolicyFor(BackendPool pool) => OwnPolicy ?? pool.Policy;

    /// <summary>Hash of the client's address, as much of it as counts.</summary>
    public ulong SourceOf(IPEndPoint? client) => ClientHash.Of(client?.Address, Options.SourcePrefix.IPv4, Options.SourcePrefix.IPv6);

    /// <summary>Takes the backend that affinity has for a client.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="client">The client.</param>
    /// <param name="avoided">Backends that failed it.</param>
    /// <returns>The backend, counted as active; null when the policy decides.</returns>
    public Backend? TakeRemembered(BackendPool pool, IPEndPoint? client, ReadOnlySpan<Backend> avoided)
    {
        if (FindRemembered(pool, client, avoided) is not { } known || !pool.TryAcquire(known))
        {
            return null;
        }

        Affinity!.Remember(AffinityKey(pool, client), known);
        return known;
    }

    /// <summary>Remembers what the policy picked for a client, unless its own backend was only full: that remains the client's.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="client">The client.</param>
    /// <param name="picked">What was picked.</param>
    /// <param name="avoided">Backends that failed it.</param>
    public void Remember(BackendPool pool, IPEndPoint? client, Backend picked, ReadOnlySpan<Backend> avoided)
    {
        if (Affinity is { } affinity && FindRemembered(pool, client, avoided) is null)
        {
            affinity.Remember(AffinityKey(pool, client), picked);
        }
    }

    /// <summary>What a policy hashes.</summary>
    public ulong KeyOf(ISelectionPolicy policy, IPEndPoint? client, string? serverName) => (policy.Kind, Options.HashKey) switch
    {
        (SelectionPolicy.ConsistentHash, Layer4HashKey.SourceAddressAndPort) when client is not null => ClientHash.Of(client),
        (SelectionPolicy.ConsistentHash, Layer4HashKey.ServerName) when serverName is not null => ClientHash.Of(serverName),
        _ => SourceOf(client),
    };

    private Backend? FindRemembered(BackendPool pool, IPEndPoint? client, ReadOnlySpan<Backend> avoided) =>
        Affinity?.Find(AffinityKey(pool, client), pool.Snapshot) is { } known && !avoided.Contains(known) ? known : null;

    // TLS routes may take a client to more than one pool: it has a backend in each.
    private ulong AffinityKey(BackendPool pool, IPEndPoint? client) => SourceOf(client) ^ ClientHash.Of(pool.Name);
}
