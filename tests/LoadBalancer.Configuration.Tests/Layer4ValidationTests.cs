namespace LoadBalancer.Configuration.Tests;

public sealed class Layer4ValidationTests
{
    private const string Listeners = "LoadBalancer:Layer4:Listeners";
    private const string Networks = "must be an IP address, or a network in CIDR form such as 10.0.0.0/8 or fd00::/8 without bits beyond its prefix";
    private const string Kernel = "the kernel forwards, and the balancer sees no connection";
    private const string NoHeader = "a datagram has no place for the header";

    [Theory]
    // Not over UDP.
    [InlineData("dns:TlsRoutes:r:Pool", "catalog", "dns:TlsRoutes", $"cannot be used with Protocol Udp: a ClientHello comes over TCP")]
    [InlineData("dns:ProxyProtocol:TrustedNetworks:0", "::1", "dns:ProxyProtocol", $"cannot be used with Protocol Udp: {NoHeader}")]
    [InlineData("dns:KeepAlive:Count", "3", "dns:KeepAlive", "cannot be used with Protocol Udp: there is no connection to keep")]
    // Only over UDP.
    [InlineData("echo:MaxReplies", "1", "echo:MaxReplies", "cannot be used with Protocol Tcp: a connection ends by itself")]
    // Not in the kernel.
    [InlineData("kernel:TlsRoutes:r:Pool", "catalog", "kernel:TlsRoutes", $"cannot be used with Mode Nat: {Kernel}")]
    [InlineData("kernel:ProxyProtocol:TrustedNetworks:0", "::1", "kernel:ProxyProtocol", $"cannot be used with Mode Nat: {Kernel}")]
    [InlineData("kernel:SourceAffinity:MaxEntries", "1", "kernel:SourceAffinity", $"cannot be used with Mode Nat: {Kernel}; the policy SourceHash keeps a client on its backend")]
    [InlineData("kernel:MaxConnections", "1", "kernel:MaxConnections", $"cannot be used with Mode Nat: {Kernel}")]
    [InlineData("kernel:ConnectionRate:PerSecond", "1", "kernel:ConnectionRate", $"cannot be used with Mode Nat: {Kernel}")]
    [InlineData("kernel:KeepAlive:Count", "3", "kernel:KeepAlive", $"cannot be used with Mode Nat: {Kernel}")]
    [InlineData("kernel:IdleTimeout", "00:01:00", "kernel:IdleTimeout", "cannot be used with Mode Nat: connection tracking has time-outs of its own (net.netfilter.nf_conntrack_*)")]
    [InlineData("kernel:Policy", "LeastConnections", "kernel:Policy", "'LeastConnections' cannot be used with Mode Nat; must be one of RoundRobin, WeightedRoundRobin, Random, SourceHash")]
    [InlineData("kernel:Address", "127.0.0.1:0", "kernel:Address", "'127.0.0.1:0' cannot be used with Mode Nat: nothing is bound, so no port is given; must have a port from 1 to 65535")]
    // Without what they need.
    [InlineData("echo:HashKey", "ServerName", "echo:HashKey", "'ServerName' needs TlsRoutes: without them the ClientHello is not read")]
    [InlineData("echo:ProxyProtocol:Timeout", "00:00:01", "echo:ProxyProtocol:TrustedNetworks", $"is empty; must name the networks of the proxies in front, each an IP address, or a network in CIDR form such as 10.0.0.0/8 or fd00::/8 without bits beyond its prefix")]
    public void What_cannot_be_used_together_is_named_with_the_reason(string key, string value, string reportedKey, string message) =>
        Assert.Equal(new ConfigurationError($"{Listeners}:{reportedKey}", message), Reading.Error(Reading.ValidFile, ($"{Listeners}:{key}", value)));

    [Theory]
    [InlineData("dns", "SendProxyProtocol", "V1", $"cannot be used with Protocol Udp: pool 'catalog' has SendProxyProtocol, and {NoHeader}")]
    [InlineData("dns", "SendProxyProtocol", "V2", $"cannot be used with Protocol Udp: pool 'catalog' has SendProxyProtocol, and {NoHeader}")]
    [InlineData("kernel", "SendProxyProtocol", "V2", $"cannot be used with Mode Nat: pool 'catalog' has SendProxyProtocol, and {Kernel}")]
    [InlineData("kernel", "MaxConnections", "5", $"cannot be used with Mode Nat: pool 'catalog' has MaxConnections, and {Kernel}")]
    [InlineData("kernel", "Backends:catalog-1:MaxConnections", "5", $"cannot be used with Mode Nat: a backend of pool 'catalog' has MaxConnections, and {Kernel}")]
    public void A_pool_that_a_listener_cannot_serve_is_named_with_the_reason(string listener, string key, string value, string message) => Assert.Equal(
        new ConfigurationError($"{Listeners}:{listener}:Pool", message),
        Reading.Error(Reading.ValidFile, ($"LoadBalancer:Pools:catalog:{key}", value), ($"{Listeners}:{listener}:Pool", "catalog")));

    [Fact]
    public void Replies_cannot_be_counted_in_the_kernel() => Assert.Equal(
        new ConfigurationError($"{Listeners}:kernel:MaxReplies", $"cannot be used with Mode Nat: {Kernel}"),
        Reading.Error(Reading.ValidFile, ($"{Listeners}:kernel:Protocol", "Udp"), ($"{Listeners}:kernel:MaxReplies", "1")));

    [Fact]
    public void A_listener_in_the_kernel_is_refused_for_the_policy_of_its_pool_too() => Assert.Equal(
        new ConfigurationError($"{Listeners}:kernel:Policy", "'First' cannot be used with Mode Nat; must be one of RoundRobin, WeightedRoundRobin, Random, SourceHash"),
        Reading.Error(Reading.ValidFile, ("LoadBalancer:Pools:echo:Policy", "First")));

    [Theory]
    [InlineData(SelectionPolicy.RoundRobin, true)]
    [InlineData(SelectionPolicy.LeastConnections, false)]
    [InlineData(SelectionPolicy.PowerOfTwoChoices, false)]
    [InlineData(SelectionPolicy.SourceHash, true)]
    [InlineData(SelectionPolicy.WeightedRoundRobin, true)]
    [InlineData(SelectionPolicy.Random, true)]
    [InlineData(SelectionPolicy.ConsistentHash, false)]
    [InlineData(SelectionPolicy.First, false)]
    [InlineData(SelectionPolicy.PeakEwma, false)]
    public void A_policy_can_be_the_kernels_or_not_and_always_the_relays(SelectionPolicy policy, bool nat)
    {
        Assert.Equal(nat, Reading.Json(Reading.ValidFile, ($"{Listeners}:kernel:Policy", $"{policy}")).IsValid);
        Reading.Valid(Reading.ValidFile, ($"{Listeners}:echo:Policy", $"{policy}"), ($"{Listeners}:dns:Policy", $"{policy}"));
    }

    [Fact]
    public void Every_policy_has_a_row_in_the_theory_above() =>
        Assert.Equal(
            Enum.GetValues<SelectionPolicy>().Length,
            typeof(Layer4ValidationTests).GetMethod(nameof(A_policy_can_be_the_kernels_or_not_and_always_the_relays))!.GetCustomAttributes(typeof(InlineDataAttribute), inherit: false).Length);

    [Fact]
    public void A_policy_of_its_own_lets_a_listener_in_the_kernel_use_any_pool() =>
        Reading.Valid(Reading.ValidFile, ("LoadBalancer:Pools:echo:Policy", "First"), ($"{Listeners}:kernel:Policy", "Random"));

    [Fact]
    public void What_udp_and_the_kernel_can_is_allowed()
    {
        Reading.Valid(
            Reading.ValidFile,
            ($"{Listeners}:dns:SourceAffinity:Expiry", "00:01:00"),
            ($"{Listeners}:dns:MaxConnections", "5"),
            ($"{Listeners}:dns:ConnectionRate:PerSecond", "5"),
            ($"{Listeners}:dns:IdleTimeout", "00:00:05"),
            ($"{Listeners}:dns:DeniedNetworks:0", "10.0.0.1"),
            ($"{Listeners}:kernel:Protocol", "Udp"),
            ($"{Listeners}:kernel:AllowedNetworks:0", "127.0.0.0/8"));
    }

    [Fact]
    public void Tcp_and_udp_may_share_a_port()
    {
        var listeners = Reading.Valid(Reading.ValidFile).Layer4.Listeners;
        Assert.Equal(listeners["echo"].Address, listeners["dns"].Address);

        Reading.Valid(Reading.ValidFile, ($"{Listeners}:dns:Address", "localhost:9080"));
        Reading.Valid(Reading.ValidFile, ($"{Listeners}:dns:Address", "*:8080"));
    }

    [Theory]
    [InlineData("127.0.0.1:7000", "127.0.0.1:7000")]
    [InlineData("*:7000", "*:7000")]
    [InlineData("LocalHost:7000", "localhost:7000")]
    public void Two_udp_listeners_may_not(string address, string shown) => Assert.Equal(
        new ConfigurationError($"{Listeners}:second:Address", $"'{shown}' is taken by {Listeners}:dns:Address; each listener must have its own"),
        Reading.Error(Reading.ValidFile, ($"{Listeners}:second:Address", address), ($"{Listeners}:second:Protocol", "Udp"), ($"{Listeners}:second:Pool", "echo")));

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("localhost:0")]
    public void Udp_listeners_that_take_a_free_port_do_not_clash(string address) => Reading.Valid(
        Reading.ValidFile,
        ($"{Listeners}:dns:Address", address),
        ($"{Listeners}:second:Address", address),
        ($"{Listeners}:second:Protocol", "Udp"),
        ($"{Listeners}:second:Pool", "echo"));

    [Theory]
    [InlineData("echo:AllowedNetworks", "10.0.0.1/8")]
    [InlineData("echo:DeniedNetworks", "example.com")]
    [InlineData("echo:DeniedNetworks", "")]
    [InlineData("tls:ProxyProtocol:TrustedNetworks", "*")]
    [InlineData("kernel:AllowedNetworks", "[::1]:80")]
    public void What_is_not_a_network_is_named(string key, string network)
    {
        Assert.Equal(
            new ConfigurationError($"{Listeners}:{key}:1", $"'{network}' is not a network; {Networks}"),
            Reading.Error(Reading.ValidFile, ($"{Listeners}:{key}:0", "10.0.0.0/8"), ($"{Listeners}:{key}:1", network)));
        Reading.Valid(Reading.ValidFile, ($"{Listeners}:{key}:0", "10.0.0.0/8"), ($"{Listeners}:{key}:1", "fd00::1"));
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("Shop.EXAMPLE.com")]
    [InlineData("*.example.com")]
    [InlineData("*.localhost")]
    [InlineData("localhost")]
    [InlineData("my_service.dev-1")]
    [InlineData("xn--bcher-kva.example")]
    [InlineData("1.example.com")]
    public void A_server_name_of_every_form_is_allowed(string name) =>
        Assert.Equal([name], Reading.Valid(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:shop:ServerNames:0", name)).Layer4.Listeners["tls"].TlsRoutes["shop"].ServerNames);

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("*.*.example.com")]
    [InlineData("shop.*.com")]
    [InlineData("*example.com")]
    [InlineData(".example.com")]
    [InlineData("example.com.")]
    [InlineData("example..com")]
    [InlineData("-example.com")]
    [InlineData("example.com:443")]
    [InlineData("https://example.com")]
    [InlineData("example.com/")]
    [InlineData("exam ple.com")]
    [InlineData("example.com\n")]
    [InlineData("bücher.example")]
    [InlineData("[::1]")]
    public void What_is_not_a_server_name_is_named(string name) => Assert.Equal(
        new ConfigurationError($"{Listeners}:tls:TlsRoutes:shop:ServerNames:0", $"'{name}' is not a server name; must be a DNS name such as example.com, or *.example.com"),
        Reading.Error(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:shop:ServerNames:0", name)));

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void A_label_of_a_server_name_has_at_most_63_characters(int length, bool valid)
    {
        var label = new string('a', length);
        Assert.Equal(valid, Reading.Json(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:shop:ServerNames:0", $"{label}.com")).IsValid);
        Assert.Equal(valid, Reading.Json(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:shop:ServerNames:0", $"*.com.{label}")).IsValid);
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("http/1.1")]
    [InlineData("acme-tls/1")]
    [InlineData("!~")]
    public void An_alpn_protocol_of_every_form_is_allowed(string protocol) =>
        Assert.Equal([protocol], Reading.Valid(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:shop:Protocols:0", protocol)).Layer4.Listeners["tls"].TlsRoutes["shop"].Protocols);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("h2 ")]
    [InlineData("h2\n")]
    [InlineData("h\u007f")]
    [InlineData("hü")]
    public void What_is_not_an_alpn_protocol_is_named(string protocol) => Assert.Equal(
        new ConfigurationError($"{Listeners}:tls:TlsRoutes:shop:Protocols:0", $"'{protocol}' is not an ALPN protocol; must be 1 to 255 printable ASCII characters such as h2"),
        Reading.Error(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:shop:Protocols:0", protocol)));

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void An_alpn_protocol_has_at_most_255_characters(int length, bool valid) =>
        Assert.Equal(valid, Reading.Json(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:shop:Protocols:0", new string('h', length))).IsValid);

    [Fact]
    public void A_listener_with_tls_routes_needs_no_pool_of_its_own_but_each_route_does()
    {
        Assert.Null(Reading.Valid(Reading.ValidFile).Layer4.Listeners["tls"].Pool);
        Assert.Equal(
            new ConfigurationError($"{Listeners}:tls:TlsRoutes:any:Pool", "is missing; must be a pool: allowed are catalog, echo"),
            Reading.Error(Reading.ValidFile, ($"{Listeners}:tls:TlsRoutes:any:Protocols:0", "h2")));
    }

    [Fact]
    public void The_server_name_can_be_hashed_where_the_client_hello_is_read() =>
        Reading.Valid(Reading.ValidFile, ($"{Listeners}:tls:HashKey", "ServerName"), ($"{Listeners}:tls:Policy", "ConsistentHash"));
}
