using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>What can be configured of every listener of a Layer 4 load balancer, whatever its protocol.</summary>
/// <typeparam name="TBuilder">The builder of the protocol.</typeparam>
public abstract class Layer4ListenerBuilder<TBuilder>
    where TBuilder : Layer4ListenerBuilder<TBuilder>
{
    private protected Layer4ListenerBuilder(Layer4Protocol protocol)
    {
        Options = new() { Protocol = protocol };
    }

    internal Layer4ListenerOptions Options { get; private set; }

    /// <summary>Where the TLS routes lead, by their names.</summary>
    internal Dictionary<string, EndpointReference> RouteBackends { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Sets how a replica is picked for a connection or session. Default: the pool's policy, <see cref="SelectionPolicy.RoundRobin"/>.</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="policy"/> is not a policy.</exception>
    /// <exception cref="ArgumentException">The listener uses NAT, and the kernel does not know <paramref name="policy"/>.</exception>
    public TBuilder WithPolicy(SelectionPolicy policy)
    {
        Contract.CheckDefined(policy, nameof(policy));
        return With(Options with { Policy = policy }, nameof(policy));
    }

    /// <summary>Sets what <see cref="SelectionPolicy.ConsistentHash"/> hashes. Default: <see cref="Layer4HashKey.SourceAddress"/>.</summary>
    /// <param name="key">The key; <see cref="Layer4HashKey.ServerName"/> only with TLS routes.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="key"/> is not a key.</exception>
    /// <exception cref="ArgumentException"><paramref name="key"/> is a server name, which the listener does not read.</exception>
    public TBuilder WithHashKey(Layer4HashKey key)
    {
        Contract.CheckDefined(key, nameof(key));
        return With(Options with { HashKey = key }, nameof(key));
    }

    /// <summary>Sets how much of a client's address makes it the same client for hashing, affinity and rate.</summary>
    /// <param name="ipv4">Bits of an IPv4 address, 1 to 32. Default: 32.</param>
    /// <param name="ipv6">Bits of an IPv6 address, 1 to 128. Default: 64, which one household shares.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public TBuilder WithSourcePrefix(int ipv4 = 32, int ipv6 = 64)
    {
        With(Options with { SourcePrefix = Options.SourcePrefix with { IPv4 = ipv4 } }, nameof(ipv4));
        return With(Options with { SourcePrefix = Options.SourcePrefix with { IPv6 = ipv6 } }, nameof(ipv6));
    }

    /// <summary>Keeps a client on its replica across reconnects and changes of other replicas. Default: no memory beyond the policy's.</summary>
    /// <param name="expiry">Time without a new connection after which a client is forgotten, 1 s to 7 d. Default: 30 min.</param>
    /// <param name="maxEntries">Clients that are remembered, 1 to 10,000,000; beyond that new ones are not. Default: 100,000.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A value is out of range, or the listener uses NAT.</exception>
    public TBuilder WithSourceAffinity(TimeSpan? expiry = null, int? maxEntries = null)
    {
        var affinity = new SourceAffinityOptions();
        affinity = affinity with { Expiry = expiry ?? affinity.Expiry };
        With(Options with { SourceAffinity = affinity }, nameof(expiry));
        return With(Options with { SourceAffinity = affinity with { MaxEntries = maxEntries ?? affinity.MaxEntries } }, nameof(maxEntries));
    }

    /// <summary>
    /// Sets the time without a byte in either direction after which a connection or session is closed.
    /// Default: 10 min over TCP, 1 min over UDP.
    /// </summary>
    /// <param name="timeout">1 s to 7 d.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is out of range, or the listener uses NAT.</exception>
    public TBuilder WithIdleTimeout(TimeSpan timeout) => With(Options with { IdleTimeout = timeout }, nameof(timeout));

    /// <summary>Takes only clients from these networks. Default: all. May be called again to add more.</summary>
    /// <param name="networks">Networks in CIDR form or single addresses, such as <c>10.0.0.0/8</c> or <c>::1</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">One of <paramref name="networks"/> is not a network, or there is none.</exception>
    public TBuilder WithAllowedNetworks(params string[] networks) =>
        With(Options with { AllowedNetworks = [.. Options.AllowedNetworks, .. Contract.NotEmpty(networks, nameof(networks))] }, nameof(networks));

    /// <summary>Refuses clients from these networks, also where they are allowed. Default: none. May be called again to add more.</summary>
    /// <param name="networks">Networks in CIDR form or single addresses, such as <c>10.0.0.0/8</c> or <c>::1</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">One of <paramref name="networks"/> is not a network, or there is none.</exception>
    public TBuilder WithDeniedNetworks(params string[] networks) =>
        With(Options with { DeniedNetworks = [.. Options.DeniedNetworks, .. Contract.NotEmpty(networks, nameof(networks))] }, nameof(networks));

    /// <summary>Limits how often one source may connect, by a token bucket for each source prefix. Default: no limit.</summary>
    /// <param name="perSecond">New connections or sessions a second, 1 to 1,000,000.</param>
    /// <param name="burst">Those that may come at once after a pause, 1 to 1,000,000. Default: <paramref name="perSecond"/>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">A number is out of range, or the listener uses NAT.</exception>
    public TBuilder WithConnectionRate(int perSecond, int? burst = null)
    {
        With(Options with { ConnectionRate = new() { PerSecond = perSecond } }, nameof(perSecond));
        return With(Options with { ConnectionRate = new() { PerSecond = perSecond, Burst = burst } }, nameof(burst));
    }

    /// <summary>
    /// Lets other processes of the same user listen on the same address, the kernel spreading clients over them
    /// (<c>SO_REUSEPORT</c>, Linux). Default: no other process may.
    /// </summary>
    /// <returns>This builder.</returns>
    public TBuilder WithReusePort() => With(Options with { ReusePort = true }, nameof(WithReusePort));

    /// <summary>
    /// Lets the kernel rewrite addresses instead of relaying: one connection from client to replica, which the balancer
    /// does not see. Needs Linux, nftables and the capability <c>CAP_NET_ADMIN</c>. Default: the balancer relays.
    /// </summary>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">The listener has something that the kernel cannot do; the message names it.</exception>
    public TBuilder WithNat() => With(Options with { Mode = Layer4Mode.Nat }, nameof(WithNat));

    private protected TBuilder With(Layer4ListenerOptions options, string argument)
    {
        Contract.Check(options, argument);
        Options = options;
        return (TBuilder)this;
    }
}
