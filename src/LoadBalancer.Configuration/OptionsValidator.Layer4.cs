using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration;

/// <summary>Layer 4 listeners.</summary>
internal static partial class OptionsValidator
{
    private static readonly SelectionPolicy[] NatPolicies =
        [SelectionPolicy.RoundRobin, SelectionPolicy.WeightedRoundRobin, SelectionPolicy.Random, SelectionPolicy.SourceHash];

    private static void Layer4Listener(string key, Layer4ListenerOptions listener, LoadBalancerOptions options, Dictionary<ListenAddress, string> bound, Checks check)
    {
        check.Listen($"{key}:Address", listener.Address, bound);
        if (listener.Pool is not null || listener.TlsRoutes.Count == 0)
        {
            check.PoolReference($"{key}:Pool", listener.Pool, options);
        }

        check.Range($"{key}:ConnectTimeout", listener.ConnectTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5));
        check.Range($"{key}:ConnectAttempts", listener.ConnectAttempts, 1, 16);
        check.Range($"{key}:IdleTimeout", listener.IdleTimeoutOrDefault, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7));
        check.OptionalRange($"{key}:MaxConnections", listener.MaxConnections, 1, 1_000_000);
        check.Range($"{key}:QueueLength", listener.QueueLength, 0, 1_000_000);
        check.Range($"{key}:QueueTimeout", listener.QueueTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        check.OptionalRange($"{key}:MaxReplies", listener.MaxReplies, 1, 1_000_000);
        check.Range($"{key}:SourcePrefix:IPv4", listener.SourcePrefix.IPv4, 1, 32);
        check.Range($"{key}:SourcePrefix:IPv6", listener.SourcePrefix.IPv6, 1, 128);
        check.Range($"{key}:HelloTimeout", listener.HelloTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        check.Range($"{key}:MaxHelloSize", listener.MaxHelloSize, 512, 65_536);
        check.Range($"{key}:Backlog", listener.Backlog, 1, 65_535);
        check.Networks($"{key}:AllowedNetworks", listener.AllowedNetworks);
        check.Networks($"{key}:DeniedNetworks", listener.DeniedNetworks);
        if (listener.SourceAffinity is { } affinity)
        {
            check.Range($"{key}:SourceAffinity:Expiry", affinity.Expiry, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7));
            check.Range($"{key}:SourceAffinity:MaxEntries", affinity.MaxEntries, 1, 10_000_000);
        }

        if (listener.ConnectionRate is { } rate)
        {
            check.Range($"{key}:ConnectionRate:PerSecond", rate.PerSecond, 1, 1_000_000);
            check.OptionalRange($"{key}:ConnectionRate:Burst", rate.Burst, 1, 1_000_000);
        }

        if (listener.KeepAlive is { } keepAlive)
        {
            check.Range($"{key}:KeepAlive:Time", keepAlive.Time, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
            check.Range($"{key}:KeepAlive:Interval", keepAlive.Interval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
            check.Range($"{key}:KeepAlive:Count", keepAlive.Count, 1, 100);
        }

        check.ProxyProtocol($"{key}:ProxyProtocol", listener.ProxyProtocol);
        foreach (var (name, route) in listener.TlsRoutes)
        {
            TlsRoute($"{key}:TlsRoutes:{name}", route, options, check);
        }

        if (listener.HashKey == Layer4HashKey.ServerName && listener.TlsRoutes.Count == 0)
        {
            check.Fail($"{key}:HashKey", "'ServerName' needs TlsRoutes: without them the ClientHello is not read");
        }

        Combinations(key, listener, options, check);
    }

    private static void TlsRoute(string key, TlsRouteOptions route, LoadBalancerOptions options, Checks check)
    {
        check.PoolReference($"{key}:Pool", route.Pool, options);
        for (var i = 0; i < route.ServerNames.Length; i++)
        {
            if (!ServerNamePattern().IsMatch(route.ServerNames[i]))
            {
                check.Fail($"{key}:ServerNames:{i}", $"'{route.ServerNames[i]}' is not a server name; must be a DNS name such as example.com, or *.example.com");
            }
        }

        for (var i = 0; i < route.Protocols.Length; i++)
        {
            if (route.Protocols[i].Length is 0 or > 255 || !route.Protocols[i].All(c => c is > ' ' and <= '~'))
            {
                check.Fail($"{key}:Protocols:{i}", $"'{route.Protocols[i]}' is not an ALPN protocol; must be 1 to 255 printable ASCII characters such as h2");
            }
        }
    }

    // What a mode cannot do is said here, not left out in silence.
    private static void Combinations(string key, Layer4ListenerOptions listener, LoadBalancerOptions options, Checks check)
    {
        void Refuse(bool given, string name, string with, string because) => check.Refuse(given, $"{key}:{name}", with, because);

        var pool = listener.Pool is { } poolName ? options.Pools.GetValueOrDefault(poolName) : null;
        if (listener.Protocol == Layer4Protocol.Udp)
        {
            const string Udp = "Protocol Udp";
            Refuse(listener.TlsRoutes.Count > 0, "TlsRoutes", Udp, "a ClientHello comes over TCP");
            Refuse(listener.ProxyProtocol is not null, "ProxyProtocol", Udp, "a datagram has no place for the header");
            Refuse(listener.KeepAlive is not null, "KeepAlive", Udp, "there is no connection to keep");
            Refuse(pool is { SendProxyProtocol: not ProxyProtocolVersion.None }, "Pool", Udp, $"pool '{listener.Pool}' has SendProxyProtocol, and a datagram has no place for the header");
        }
        else
        {
            Refuse(listener.MaxReplies is not null, "MaxReplies", "Protocol Tcp", "a connection ends by itself");
        }

        if (listener.Mode != Layer4Mode.Nat)
        {
            return;
        }

        const string Nat = "Mode Nat";
        const string Kernel = "the kernel forwards, and the balancer sees no connection";
        Refuse(listener.TlsRoutes.Count > 0, "TlsRoutes", Nat, Kernel);
        Refuse(listener.ProxyProtocol is not null, "ProxyProtocol", Nat, Kernel);
        Refuse(listener.SourceAffinity is not null, "SourceAffinity", Nat, $"{Kernel}; the policy SourceHash keeps a client on its backend");
        Refuse(listener.MaxConnections is not null, "MaxConnections", Nat, Kernel);
        Refuse(listener.ConnectionRate is not null, "ConnectionRate", Nat, Kernel);
        Refuse(listener.KeepAlive is not null, "KeepAlive", Nat, Kernel);
        Refuse(listener.MaxReplies is not null, "MaxReplies", Nat, Kernel);
        Refuse(listener.IdleTimeout is not null, "IdleTimeout", Nat, "connection tracking has time-outs of its own (net.netfilter.nf_conntrack_*)");
        Refuse(pool is { SendProxyProtocol: not ProxyProtocolVersion.None }, "Pool", Nat, $"pool '{listener.Pool}' has SendProxyProtocol, and {Kernel}");
        Refuse(pool is { MaxConnections: not null }, "Pool", Nat, $"pool '{listener.Pool}' has MaxConnections, and {Kernel}");
        Refuse(pool?.Backends.Values.Any(backend => backend.MaxConnections is not null) == true, "Pool", Nat, $"a backend of pool '{listener.Pool}' has MaxConnections, and {Kernel}");
        if ((listener.Policy ?? pool?.Policy) is { } policy && !NatPolicies.Contains(policy))
        {
            check.Fail($"{key}:Policy", $"'{policy}' cannot be used with {Nat}; must be one of {string.Join(", ", NatPolicies)}");
        }

        if (ListenAddress.TryParse(listener.Address, out var address) && address.Port == 0)
        {
            check.Fail($"{key}:Address", $"'{address}' cannot be used with {Nat}: nothing is bound, so no port is given; must have a port from 1 to 65535");
        }
    }

    // RFC 1123 section 2.1, with the underscore that developers use.
    [GeneratedRegex(@"^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_\-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_\-]{0,62}))*\z", RegexOptions.CultureInvariant)]
    private static partial Regex ServerNamePattern();
}
