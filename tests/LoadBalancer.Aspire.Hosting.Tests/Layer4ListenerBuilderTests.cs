using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests;

/// <summary>What a listener's builder makes of each call, and what it refuses.</summary>
public sealed class Layer4ListenerBuilderTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly IResourceBuilder<Layer4LoadBalancerResource> _wire;
    private readonly EndpointReference _tcp;
    private readonly EndpointReference _udp;

    public Layer4ListenerBuilderTests()
    {
        var echo = _builder.AddProgram("echo")
            .WithEndpoint(name: "tcp", scheme: "tcp", env: "TCP")
            .WithEndpoint(name: "udp", scheme: "udp", env: "UDP", protocol: ProtocolType.Udp);
        (_tcp, _udp) = (echo.GetEndpoint("tcp"), echo.GetEndpoint("udp"));
        _wire = _builder.AddLayer4LoadBalancer("wire");
    }

    private EndpointReference Other(string name) => _builder.AddProgram(name).WithEndpoint(name: "tls", scheme: "tcp", env: "PORT").GetEndpoint("tls");

    private Layer4ListenerOptions Tcp(Action<Layer4TcpListenerBuilder>? configure = null) => Listener(_wire.WithTcpListener("listener", 7000, _tcp, configure));

    private Layer4ListenerOptions Udp(Action<Layer4UdpListenerBuilder>? configure = null) => Listener(_wire.WithUdpListener("listener", 7001, _udp, configure));

    private static Layer4ListenerOptions Listener(IResourceBuilder<Layer4LoadBalancerResource> wire) => wire.Describe().LoadBalancer.Layer4.Listeners["listener"];

    [Fact]
    public void Every_option_of_a_TCP_listener_reaches_the_configuration()
    {
        var listener = Tcp(l => l
            .WithPolicy(SelectionPolicy.ConsistentHash)
            .WithHashKey(Layer4HashKey.SourceAddressAndPort)
            .WithSourcePrefix(ipv4: 24, ipv6: 48)
            .WithSourceAffinity(TimeSpan.FromHours(1), maxEntries: 10)
            .WithIdleTimeout(TimeSpan.FromSeconds(30))
            .WithConnectTimeout(TimeSpan.FromSeconds(2))
            .WithConnectAttempts(4)
            .WithMaxConnections(100, queueLength: 7, queueTimeout: TimeSpan.FromSeconds(3))
            .WithHelloTimeout(TimeSpan.FromSeconds(1))
            .WithMaxHelloSize(4_096)
            .WithProxyProtocol(["10.0.0.0/8", "::1"], TimeSpan.FromSeconds(6))
            .WithAllowedNetworks("10.0.0.0/8").WithAllowedNetworks("::1")
            .WithDeniedNetworks("10.1.0.0/16")
            .WithConnectionRate(50, burst: 200)
            .WithKeepAlive(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5), 2)
            .WithNoDelay(false)
            .WithBacklog(64)
            .WithReusePort());

        Assert.Equal((Layer4Protocol.Tcp, Layer4Mode.Relay, "echo"), (listener.Protocol, listener.Mode, listener.Pool));
        Assert.Equal((SelectionPolicy.ConsistentHash, Layer4HashKey.SourceAddressAndPort), (listener.Policy, listener.HashKey));
        Assert.Equal(new() { IPv4 = 24, IPv6 = 48 }, listener.SourcePrefix);
        Assert.Equal(new() { Expiry = TimeSpan.FromHours(1), MaxEntries = 10 }, listener.SourceAffinity);
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2), 4), (listener.IdleTimeout, listener.ConnectTimeout, listener.ConnectAttempts));
        Assert.Equal((100, 7, TimeSpan.FromSeconds(3)), (listener.MaxConnections, listener.QueueLength, listener.QueueTimeout));
        Assert.Equal((TimeSpan.FromSeconds(1), 4_096), (listener.HelloTimeout, listener.MaxHelloSize));
        Assert.Equal(["10.0.0.0/8", "::1"], listener.ProxyProtocol!.TrustedNetworks);
        Assert.Equal(TimeSpan.FromSeconds(6), listener.ProxyProtocol.Timeout);
        Assert.Equal(["10.0.0.0/8", "::1"], listener.AllowedNetworks);
        Assert.Equal(["10.1.0.0/16"], listener.DeniedNetworks);
        Assert.Equal(new() { PerSecond = 50, Burst = 200 }, listener.ConnectionRate);
        Assert.Equal(new() { Time = TimeSpan.FromSeconds(20), Interval = TimeSpan.FromSeconds(5), Count = 2 }, listener.KeepAlive);
        Assert.Equal((false, 64, true), (listener.NoDelay, listener.Backlog, listener.ReusePort));
    }

    [Fact]
    public void What_is_not_given_is_as_the_contract_says()
    {
        var listener = Tcp(l => l.WithSourceAffinity().WithSourcePrefix().WithMaxConnections(1).WithConnectionRate(5).WithKeepAlive().WithProxyProtocol(["::1"]));
        var expected = new Layer4ListenerOptions();

        Assert.Equal(new(), listener.SourceAffinity);
        Assert.Equal(expected.SourcePrefix, listener.SourcePrefix);
        Assert.Equal((expected.QueueLength, expected.QueueTimeout), (listener.QueueLength, listener.QueueTimeout));
        Assert.Null(listener.ConnectionRate!.Burst);
        Assert.Equal(new(), listener.KeepAlive);
        Assert.Equal(new AcceptProxyProtocolOptions().Timeout, listener.ProxyProtocol!.Timeout);
    }

    [Fact]
    public void Every_option_of_a_UDP_listener_reaches_the_configuration()
    {
        var listener = Udp(l => l
            .WithPolicy(SelectionPolicy.SourceHash)
            .WithHashKey(Layer4HashKey.SourceAddress)
            .WithSourcePrefix(ipv4: 16)
            .WithSourceAffinity()
            .WithIdleTimeout(TimeSpan.FromSeconds(10))
            .WithAllowedNetworks("127.0.0.0/8")
            .WithDeniedNetworks("127.0.0.2")
            .WithConnectionRate(10)
            .WithMaxSessions(50)
            .WithMaxReplies(1)
            .WithReusePort());

        Assert.Equal((Layer4Protocol.Udp, "echo"), (listener.Protocol, listener.Pool));
        Assert.Equal((SelectionPolicy.SourceHash, 16, TimeSpan.FromSeconds(10)), (listener.Policy, listener.SourcePrefix.IPv4, listener.IdleTimeout));
        Assert.Equal((50, 1, true), (listener.MaxConnections, listener.MaxReplies, listener.ReusePort));
        Assert.NotNull(listener.SourceAffinity);
        Assert.Equal(10, listener.ConnectionRate!.PerSecond);
        Assert.Equal(["127.0.0.0/8"], listener.AllowedNetworks);
        Assert.Equal(["127.0.0.2"], listener.DeniedNetworks);
    }

    [Fact]
    public async Task A_UDP_listener_is_a_UDP_endpoint_that_the_balancer_itself_listens_on()
    {
        Udp();

        var endpoint = _wire.GetListener("listener").EndpointAnnotation;
        Assert.Equal(("udp", ProtocolType.Udp, 7001, 7001, false), (endpoint.UriScheme, endpoint.Protocol, endpoint.Port, endpoint.TargetPort, endpoint.IsProxied));
        var environment = await Model.EnvironmentOfAsync(_wire.Resource);
        Assert.Equal("localhost:{wire.bindings.listener.targetPort}", Model.ExpressionOf(environment["LoadBalancer__Layer4__Listeners__listener__Address"]));
    }

    [Fact]
    public void A_pool_over_UDP_is_discovered_as_such_and_not_checked_by_a_connection()
    {
        _wire.WithUdpListener("listener", 7001, _udp).WithTcpListener("tcp", 7000, _tcp);

        var file = _wire.Describe(("echo", "echo-a", "127.0.0.1:5001"));

        Assert.Equal(("udp://echo", HealthCheckType.None), (file.LoadBalancer.Pools["echo"].Service, file.LoadBalancer.Pools["echo"].HealthCheck.Type));
        Assert.Equal(["127.0.0.1:5001"], file.Services["echo"]["udp"]);
        Assert.Equal(("tcp://echo-tcp", HealthCheckType.Tcp), (file.LoadBalancer.Pools["echo-tcp"].Service, file.LoadBalancer.Pools["echo-tcp"].HealthCheck.Type));
    }

    [Fact]
    public async Task A_replica_carries_its_UDP_port()
    {
        Udp();

        var environment = await Model.EnvironmentOfAsync(_udp.Resource);

        Assert.Equal("{echo.bindings.udp.targetPort}", Model.ExpressionOf(environment["LOADBALANCER_BACKEND_UDP"]));
    }

    [Fact]
    public void An_endpoint_of_the_other_protocol_is_refused()
    {
        var udp = Assert.Throws<ArgumentException>("backend", () => _wire.WithUdpListener("listener", 7001, _tcp));
        var tcp = Assert.Throws<ArgumentException>("configure", () => Tcp(l => l.WithTlsRoute("route", _udp)));

        Assert.StartsWith("'wire' cannot send to the endpoint 'tcp' of 'echo', which is Tcp; must be Udp.", udp.Message, StringComparison.Ordinal);
        Assert.StartsWith("'wire' cannot send to the endpoint 'udp' of 'echo', which is Udp; must be Tcp.", tcp.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TLS_routes_lead_to_pools_of_their_own()
    {
        var listener = Tcp(l => l
            .WithTlsRoute("shop", Other("shop"), serverNames: ["shop.localhost", "*.shop.localhost"])
            .WithTlsRoute("h2", Other("api"), protocols: ["h2"])
            .WithTlsRoute("same", _tcp)
            .WithHashKey(Layer4HashKey.ServerName));

        Assert.Equal("echo", listener.Pool);
        Assert.Equal(["shop", "api", "echo"], listener.TlsRoutes.Values.Select(route => route.Pool));
        Assert.Equal(["shop.localhost", "*.shop.localhost"], listener.TlsRoutes["shop"].ServerNames);
        Assert.Equal(["h2"], listener.TlsRoutes["h2"].Protocols);
        Assert.Equal(["echo", "shop", "api"], _wire.Describe().LoadBalancer.Pools.Keys);
        Assert.Equal(["echo", "shop", "api"], _wire.Resource.Annotations.OfType<ResourceRelationshipAnnotation>().Select(relation => relation.Resource.Name));
    }

    [Fact]
    public void A_listener_with_TLS_routes_needs_no_backend()
    {
        var listener = Listener(_wire.WithTcpListener("listener", 7443, l => l.WithHashKey(Layer4HashKey.ServerName).WithTlsRoute("shop", Other("shop"))));

        Assert.Null(listener.Pool);
        Assert.Equal("shop", Assert.Single(listener.TlsRoutes).Value.Pool);
    }

    [Fact]
    public void A_listener_with_neither_backend_nor_TLS_route_is_refused()
    {
        var exception = Assert.Throws<ArgumentException>("configure", () => _wire.WithTcpListener("listener", 7443, l => l.WithBacklog(5)));

        Assert.StartsWith("The listener 'listener' has neither a backend nor a TLS route; must have one.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kernel_forwards_where_that_is_asked_for()
    {
        Assert.Equal(Layer4Mode.Nat, Tcp(l => l.WithNat().WithPolicy(SelectionPolicy.SourceHash)).Mode);
        Assert.Equal(Layer4Mode.Nat, Listener(_builder.AddLayer4LoadBalancer("other").WithUdpListener("listener", 7001, _udp, l => l.WithNat())).Mode);
    }

    public static TheoryData<string, string, Action<Layer4TcpListenerBuilder>> TcpErrors() => new()
    {
        { "ipv4", "SourcePrefix:IPv4 '33' is out of range; must be 1 to 32.", l => l.WithSourcePrefix(ipv4: 33) },
        { "ipv6", "SourcePrefix:IPv6 '0' is out of range; must be 1 to 128.", l => l.WithSourcePrefix(ipv6: 0) },
        { "expiry", "SourceAffinity:Expiry '00:00:00' is out of range; must be 00:00:01 to 7.00:00:00.", l => l.WithSourceAffinity(TimeSpan.Zero) },
        { "maxEntries", "SourceAffinity:MaxEntries '0' is out of range; must be 1 to 10000000.", l => l.WithSourceAffinity(maxEntries: 0) },
        { "max", "MaxConnections '0' is out of range; must be 1 to 1000000.", l => l.WithMaxConnections(0) },
        { "queueLength", "QueueLength '-1' is out of range; must be 0 to 1000000.", l => l.WithMaxConnections(1, queueLength: -1) },
        { "queueTimeout", "QueueTimeout '00:00:00' is out of range; must be 00:00:00.001 to 00:10:00.", l => l.WithMaxConnections(1, queueTimeout: TimeSpan.Zero) },
        { "networks", "AllowedNetworks:0 '10.1.2.3/8' is not a network; must be an IP address", l => l.WithAllowedNetworks("10.1.2.3/8") },
        { "networks", "DeniedNetworks:1 'all' is not a network; must be an IP address", l => l.WithDeniedNetworks("::1", "all") },
        { "networks", "Must have at least one value.", l => l.WithAllowedNetworks() },
        { "networks", "Must have at least one value.", l => l.WithDeniedNetworks() },
        { "perSecond", "ConnectionRate:PerSecond '0' is out of range; must be 1 to 1000000.", l => l.WithConnectionRate(0) },
        { "burst", "ConnectionRate:Burst '0' is out of range; must be 1 to 1000000.", l => l.WithConnectionRate(1, burst: 0) },
        { "time", "KeepAlive:Time '00:00:00' is out of range; must be 00:00:01 to 1.00:00:00.", l => l.WithKeepAlive(time: TimeSpan.Zero) },
        { "interval", "KeepAlive:Interval '00:00:00' is out of range; must be 00:00:01 to 01:00:00.", l => l.WithKeepAlive(interval: TimeSpan.Zero) },
        { "count", "KeepAlive:Count '0' is out of range; must be 1 to 100.", l => l.WithKeepAlive(count: 0) },
        { "backlog", "Backlog '0' is out of range; must be 1 to 65535.", l => l.WithBacklog(0) },
        { "trustedNetworks", "ProxyProtocol:TrustedNetworks is empty; must name the networks of the proxies in front", l => l.WithProxyProtocol([]) },
        { "trustedNetworks", "ProxyProtocol:TrustedNetworks:0 'proxy' is not a network", l => l.WithProxyProtocol(["proxy"]) },
        { "timeout", "ProxyProtocol:Timeout '00:00:00' is out of range; must be 00:00:00.01 to 00:01:00.", l => l.WithProxyProtocol(["::1"], TimeSpan.Zero) },
        { "timeout", "HelloTimeout '00:00:00' is out of range; must be 00:00:00.01 to 00:01:00.", l => l.WithHelloTimeout(TimeSpan.Zero) },
        { "bytes", "MaxHelloSize '511' is out of range; must be 512 to 65536.", l => l.WithMaxHelloSize(511) },
        { "WithNat", "MaxConnections cannot be used with Mode Nat:", l => l.WithMaxConnections(1).WithNat() },
        { "max", "MaxConnections cannot be used with Mode Nat:", l => l.WithNat().WithMaxConnections(1) },
        { "expiry", "SourceAffinity cannot be used with Mode Nat:", l => l.WithNat().WithSourceAffinity() },
        { "perSecond", "ConnectionRate cannot be used with Mode Nat:", l => l.WithNat().WithConnectionRate(1) },
        { "timeout", "IdleTimeout cannot be used with Mode Nat:", l => l.WithNat().WithIdleTimeout(TimeSpan.FromMinutes(1)) },
        { "trustedNetworks", "ProxyProtocol cannot be used with Mode Nat:", l => l.WithNat().WithProxyProtocol(["::1"]) },
        { "time", "KeepAlive cannot be used with Mode Nat:", l => l.WithNat().WithKeepAlive() },
        { "policy", "Policy 'LeastConnections' cannot be used with Mode Nat; must be one of RoundRobin", l => l.WithNat().WithPolicy(SelectionPolicy.LeastConnections) },
        { "key", "HashKey 'ServerName' needs TlsRoutes", l => l.WithNat().WithHashKey(Layer4HashKey.ServerName) },
        { "configure", "Layer4:Listeners:listener:HashKey 'ServerName' needs TlsRoutes", l => l.WithHashKey(Layer4HashKey.ServerName) },
    };

    [Theory]
    [MemberData(nameof(TcpErrors))]
    public void A_value_that_breaks_the_contract_is_refused_with_what_is_allowed(string argument, string message, Action<Layer4TcpListenerBuilder> configure)
    {
        var exception = Assert.Throws<ArgumentException>(argument, () => Tcp(configure));

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_TLS_route_cannot_have_is_refused()
    {
        var other = Other("shop");

        Refuses("name", "'a:b' is not a name of a TLS route; must be ASCII letters", l => l.WithTlsRoute("a:b", other));
        Refuses("name", "The listener has a TLS route 'Shop' already; a route must have a name of its own.", l => l.WithTlsRoute("shop", other).WithTlsRoute("Shop", other));
        Refuses("serverNames", "TlsRoutes:shop:ServerNames:0 'https://shop' is not a server name", l => l.WithTlsRoute("shop", other, ["https://shop"]));
        Refuses("protocols", "TlsRoutes:shop:Protocols:1 '' is not an ALPN protocol", l => l.WithTlsRoute("shop", other, protocols: ["h2", ""]));
        Refuses("serverNames", "TlsRoutes cannot be used with Mode Nat:", l => l.WithNat().WithTlsRoute("shop", other));
        Refuses("configure", "'wire' cannot send to itself.", l => l.WithTlsRoute("self", _wire.Resource.AdminEndpoint));

        void Refuses(string argument, string message, Action<Layer4TcpListenerBuilder> configure)
        {
            var exception = Assert.Throws<ArgumentException>(argument, () => Tcp(configure));
            Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_a_UDP_listener_cannot_have_is_refused()
    {
        Refuses("max", "MaxConnections '0' is out of range; must be 1 to 1000000.", l => l.WithMaxSessions(0));
        Refuses("replies", "MaxReplies '0' is out of range; must be 1 to 1000000.", l => l.WithMaxReplies(0));
        Refuses("replies", "MaxReplies cannot be used with Mode Nat:", l => l.WithNat().WithMaxReplies(1));
        Refuses("key", "HashKey 'ServerName' needs TlsRoutes", l => l.WithHashKey(Layer4HashKey.ServerName));

        void Refuses(string argument, string message, Action<Layer4UdpListenerBuilder> configure)
        {
            var exception = Assert.Throws<ArgumentException>(argument, () => Udp(configure));
            Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_no_hash_key_is_refused()
    {
        var exception = Assert.Throws<ArgumentOutOfRangeException>("key", () => Tcp(l => l.WithHashKey((Layer4HashKey)99)));

        Assert.Contains("Must be SourceAddress, SourceAddressAndPort, ServerName.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_UDP_listener_may_have_the_port_of_a_TCP_listener()
    {
        _wire.WithTcpListener("tcp", 7000, _tcp).WithUdpListener("udp", 7000, _udp);

        Assert.Equal(["tcp", "udp"], _wire.Resource.Listeners.Keys);
    }
}
