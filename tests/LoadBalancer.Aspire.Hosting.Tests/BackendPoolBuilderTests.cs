using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests;

/// <summary>Options of a pool, set once a balancer.</summary>
public sealed class BackendPoolBuilderTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly IResourceBuilder<ExecutableResource> _api;
    private readonly IResourceBuilder<Layer7LoadBalancerResource> _edge;
    private readonly IResourceBuilder<Layer4LoadBalancerResource> _wire;

    public BackendPoolBuilderTests()
    {
        _api = _builder.AddProgram("api")
            .WithHttpEndpoint(env: "PORT")
            .WithEndpoint(name: "udp", scheme: "udp", env: "UDP", protocol: ProtocolType.Udp);
        _edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", _api);
        _wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("tcp", 7000, Http);
    }

    private EndpointReference Http => _api.GetEndpoint("http");

    private EndpointReference Udp => _api.GetEndpoint("udp");

    private EndpointReference Other(string name, string scheme = "http") => _builder.AddProgram(name).WithEndpoint(name: scheme, scheme: scheme, env: "PORT").GetEndpoint(scheme);

    private PoolOptions Pool(Action<BackendPoolBuilder> configure) => _wire.WithPool(Http, configure).Describe().LoadBalancer.Pools["api"];

    [Fact]
    public void Every_option_of_a_pool_reaches_the_configuration()
    {
        var pool = Pool(p => p
            .WithPolicy(SelectionPolicy.WeightedRoundRobin)
            .WithHashTableSize(1_009)
            .WithMaxConnectionsPerReplica(10, queueLength: 20, queueTimeout: TimeSpan.FromSeconds(2))
            .WithTcpHealthCheck("PING\r\n", "PONG")
            .WithHealthCheckTiming(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(4), 3, 6)
            .WithOutlierEjection(7, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(9))
            .WithPanicThreshold(100)
            .WithSlowStart(TimeSpan.FromSeconds(30))
            .WithProxyProtocol());

        Assert.Equal((SelectionPolicy.WeightedRoundRobin, 1_009), (pool.Policy, pool.HashTableSize));
        Assert.Equal((10, 20, TimeSpan.FromSeconds(2)), (pool.MaxConnections, pool.QueueLength, pool.QueueTimeout));
        Assert.Equal(
            new() { Type = HealthCheckType.Tcp, Send = "PING\r\n", Expect = "PONG", Interval = TimeSpan.FromSeconds(5), Timeout = TimeSpan.FromSeconds(4), Rise = 3, Fall = 6 },
            pool.HealthCheck);
        Assert.Equal(new() { ConsecutiveFailures = 7, BaseTime = TimeSpan.FromSeconds(8), MaxTime = TimeSpan.FromSeconds(9) }, pool.OutlierEjection);
        Assert.Equal((100, TimeSpan.FromSeconds(30), ProxyProtocolVersion.V2), (pool.PanicThreshold, pool.SlowStart, pool.SendProxyProtocol));
        Assert.Equal("tcp://api", pool.Service);
    }

    [Fact]
    public void A_health_check_keeps_its_timing_and_the_last_kind_counts()
    {
        var pool = Pool(p => p.WithTcpHealthCheck("a", "b").WithHealthCheckTiming(rise: 4).WithHttpHealthCheck("/health"));

        Assert.Equal(
            new() { Type = HealthCheckType.Http, Path = "/health", Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), Rise = 4, Fall = 2 },
            pool.HealthCheck);
    }

    [Fact]
    public void A_pool_may_have_no_health_check() =>
        Assert.Equal(HealthCheckType.None, Pool(p => p.WithoutHealthCheck()).HealthCheck.Type);

    [Fact]
    public void A_pool_over_UDP_is_checked_where_that_is_asked_for()
    {
        var pools = _wire.WithUdpListener("udp", 7001, Udp).WithPool(Udp, p => p.WithTcpHealthCheck()).Describe().LoadBalancer.Pools;

        Assert.Equal(HealthCheckType.Tcp, pools["api-udp"].HealthCheck.Type);
    }

    [Fact]
    public void A_pool_may_be_named_by_its_resource_and_before_its_route()
    {
        var edge = _builder.AddLayer7LoadBalancer("other").WithPool(_api, p => p.WithPanicThreshold(10)).WithRoute("/", _api);

        Assert.Equal(10, Assert.Single(edge.Describe().LoadBalancer.Pools).Value.PanicThreshold);
    }

    [Fact]
    public void Each_balancer_has_options_of_its_own()
    {
        _wire.WithPool(Http, p => p.WithPanicThreshold(10));
        _edge.WithPool(_api, p => p.WithPanicThreshold(20));

        Assert.Equal(10, _wire.Describe().LoadBalancer.Pools["api"].PanicThreshold);
        Assert.Equal(20, _edge.Describe().LoadBalancer.Pools["api"].PanicThreshold);
    }

    [Fact]
    public void Options_of_a_pool_are_set_in_one_place()
    {
        _wire.WithPool(Http, p => p.WithPanicThreshold(10));

        var exception = Assert.Throws<ArgumentException>("backend", () => _wire.WithPool(Http, p => p.WithPanicThreshold(20)));

        Assert.StartsWith("'wire' has options for the pool of the endpoint 'http' of 'api' already; they must be set in one place.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Replicas_of_several_resources_are_backends_with_weights_tiers_and_limits()
    {
        _wire.WithPool(Http, p => p.WithWeight(9).WithPriority(2).WithBackend(Other("next"), weight: 3, priority: 1, maxConnections: 5));
        var pool = Assert.Single(_wire.Resource.Pools);

        var backends = _wire.Resource
            .Describe(_ => [.. pool.Members.Select((member, i) => new Aspire.Hosting.LoadBalancing.Replica($"r{i}", $"127.0.0.1:500{i}", member.Weight, member.Priority, member.MaxConnections))])
            .LoadBalancer.Pools["api"].Backends;

        Assert.Equal(new() { Address = "127.0.0.1:5000", Weight = 9, Priority = 2 }, backends["r0"]);
        Assert.Equal(new() { Address = "127.0.0.1:5001", Weight = 3, Priority = 1, MaxConnections = 5 }, backends["r1"]);
    }

    [Fact]
    public async Task Replicas_of_an_added_resource_carry_their_ports_and_are_shown()
    {
        var next = Other("next");
        _wire.WithPool(Http, p => p.WithBackend(next));

        Assert.Contains("LOADBALANCER_BACKEND_HTTP", await Model.EnvironmentOfAsync(next.Resource));
        Assert.Equal(["api", "next"], _wire.Resource.Annotations.OfType<ResourceRelationshipAnnotation>().Select(relation => relation.Resource.Name));
    }

    [Fact]
    public async Task Every_option_of_a_pool_of_Layer_7_reaches_the_configuration()
    {
        var password = _builder.AddParameter("pfx", "open-sesame", secret: true);
        _edge.WithPool(_api, p => p
            .WithPolicy(SelectionPolicy.PeakEwma)
            .WithLatencyDecay(TimeSpan.FromSeconds(20))
            .WithHttpVersion(BackendHttpVersion.Http2)
            .WithOutlierEjection(3, serverErrors: true, failurePercent: 30, window: TimeSpan.FromSeconds(15), minimumRequests: 12)
            .WithBackendTls("certs/ca.pem").WithBackendTls(serverName: "api.internal")
            .WithClientCertificate("certs/own.pfx", "certs/own.key", password));

        var file = _edge.Describe();
        var pool = file.LoadBalancer.Pools["api"];

        Assert.Equal((SelectionPolicy.PeakEwma, TimeSpan.FromSeconds(20), BackendHttpVersion.Http2), (pool.Policy, pool.LatencyDecay, pool.HttpVersion));
        Assert.Equal(new() { ConsecutiveFailures = 3, ServerErrors = true, FailurePercent = 30, Window = TimeSpan.FromSeconds(15), MinimumRequests = 12 }, pool.OutlierEjection);
        Assert.Equal(
            new()
            {
                TrustedCa = Path.GetFullPath("certs/ca.pem", _builder.AppHostDirectory),
                ServerName = "api.internal",
                ClientCertificate = new() { Path = Path.GetFullPath("certs/own.pfx", _builder.AppHostDirectory), KeyPath = Path.GetFullPath("certs/own.key", _builder.AppHostDirectory) },
            },
            pool.BackendTls);
        Assert.Same(password.Resource, (await Model.EnvironmentOfAsync(_edge.Resource))["LoadBalancer__Pools__api__BackendTls__ClientCertificate__Password"]);
        Assert.DoesNotContain("open-sesame", file.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_may_take_any_certificate_where_that_is_asked_for()
    {
        _edge.WithPool(_api, p => p.WithInsecureAllowUntrusted());

        Assert.Equal(new() { InsecureAllowUntrusted = true }, _edge.Describe().LoadBalancer.Pools["api"].BackendTls);
    }

    [Fact]
    public void A_password_that_is_no_secret_is_refused()
    {
        var exception = Assert.Throws<ArgumentException>("password", () => _edge.WithPool(_api, p => p.WithClientCertificate("own.pfx", password: _builder.AddParameter("open", "text"))));

        Assert.StartsWith("The parameter 'open' is not a secret; must be added with secret: true.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layer_4_has_nothing_of_HTTP_and_TLS()
    {
        Refuses("'wire' speaks no HTTP, so that its pools have no HTTP version.", p => p.WithHttpVersion(BackendHttpVersion.Http2));
        Refuses("'wire' passes TLS through untouched; options of TLS towards backends are of Layer 7.", p => p.WithBackendTls("ca.pem"));
        Refuses("'wire' does not see statuses; counting those from 500 to 599 as failures is of Layer 7.", p => p.WithOutlierEjection(serverErrors: true));

        void Refuses(string message, Action<BackendPoolBuilder> configure)
        {
            var wire = Model.NewBuilder().AddLayer4LoadBalancer("wire");
            var api = wire.ApplicationBuilder.AddProgram("api").WithHttpEndpoint(env: "PORT").GetEndpoint("http");
            var exception = Assert.Throws<ArgumentException>("configure", () => wire.WithPool(api, configure));
            Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        }
    }

    public static TheoryData<string, string, Action<BackendPoolBuilder>> Errors() => new()
    {
        { "entries", "HashTableSize '252' is not a prime; the next is 257.", p => p.WithHashTableSize(252) },
        { "entries", "HashTableSize '1' is out of range; must be 251 to 5000011.", p => p.WithHashTableSize(1) },
        { "max", "MaxConnections '0' is out of range; must be 1 to 1000000.", p => p.WithMaxConnectionsPerReplica(0) },
        { "queueLength", "QueueLength '-1' is out of range; must be 0 to 1000000.", p => p.WithMaxConnectionsPerReplica(1, queueLength: -1) },
        { "queueTimeout", "QueueTimeout '00:00:00' is out of range; must be 00:00:00.001 to 00:10:00.", p => p.WithMaxConnectionsPerReplica(1, queueTimeout: TimeSpan.Zero) },
        { "send", "HealthCheck:Send has 0 characters; must have 1 to 1024.", p => p.WithTcpHealthCheck(send: "") },
        { "expect", "HealthCheck:Expect has 0 characters; must have 1 to 1024.", p => p.WithTcpHealthCheck(expect: "") },
        { "path", "HealthCheck:Path 'health' is not a path; must start with '/'", p => p.WithHttpHealthCheck("health") },
        { "interval", "HealthCheck:Interval '00:00:00' is out of range; must be 00:00:00.1 to 01:00:00.", p => p.WithHealthCheckTiming(interval: TimeSpan.Zero) },
        { "timeout", "HealthCheck:Timeout '00:00:00' is out of range; must be 00:00:00.01 to 00:01:00.", p => p.WithHealthCheckTiming(timeout: TimeSpan.Zero) },
        { "rise", "HealthCheck:Rise '0' is out of range; must be 1 to 100.", p => p.WithHealthCheckTiming(rise: 0) },
        { "fall", "HealthCheck:Fall '101' is out of range; must be 1 to 100.", p => p.WithHealthCheckTiming(fall: 101) },
        { "consecutiveFailures", "OutlierEjection:ConsecutiveFailures '-1' is out of range; must be 0 to 1000.", p => p.WithOutlierEjection(-1) },
        { "failurePercent", "OutlierEjection:FailurePercent '101' is out of range; must be 0 to 100.", p => p.WithOutlierEjection(failurePercent: 101) },
        { "window", "OutlierEjection:Window '00:00:00' is out of range; must be 00:00:01 to 00:10:00.", p => p.WithOutlierEjection(window: TimeSpan.Zero) },
        { "minimumRequests", "OutlierEjection:MinimumRequests '0' is out of range; must be 1 to 1000000.", p => p.WithOutlierEjection(minimumRequests: 0) },
        { "time", "LatencyDecay '00:00:00' is out of range; must be 00:00:00.1 to 00:10:00.", p => p.WithLatencyDecay(TimeSpan.Zero) },
        { "serverName", "BackendTls:ServerName 'https://x' is not a server name; must be a name such as catalog.internal.", p => p.WithBackendTls(serverName: "https://x") },
        { "trustedCa", "", p => p.WithBackendTls(trustedCa: " ") },
        { "trustedCa", "BackendTls:InsecureAllowUntrusted is true beside TrustedCa", p => p.WithInsecureAllowUntrusted().WithBackendTls("ca.pem") },
        { "path", "", p => p.WithClientCertificate("") },
        { "keyPath", "", p => p.WithClientCertificate("own.pem", "") },
        { "baseTime", "OutlierEjection:BaseTime '00:00:00' is out of range; must be 00:00:00.1 to 01:00:00.", p => p.WithOutlierEjection(baseTime: TimeSpan.Zero) },
        { "maxTime", "OutlierEjection:MaxTime '00:00:00' is out of range; must be 00:00:00.1 to 1.00:00:00.", p => p.WithOutlierEjection(maxTime: TimeSpan.Zero) },
        { "percent", "PanicThreshold '101' is out of range; must be 0 to 100.", p => p.WithPanicThreshold(101) },
        { "time", "SlowStart '02:00:00' is out of range; must be 00:00:00 to 01:00:00.", p => p.WithSlowStart(TimeSpan.FromHours(2)) },
        { "weight", "Weight '0' is out of range; must be 1 to 256.", p => p.WithWeight(0) },
        { "priority", "Priority '16' is out of range; must be 0 to 15.", p => p.WithPriority(16) },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_value_that_breaks_the_contract_is_refused_with_what_is_allowed(string argument, string message, Action<BackendPoolBuilder> configure)
    {
        var exception = Assert.Throws<ArgumentException>(argument, () => Pool(configure));

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_policy_or_version_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("policy", () => Pool(p => p.WithPolicy((SelectionPolicy)99)));
        Assert.Throws<ArgumentOutOfRangeException>("version", () => Pool(p => p.WithProxyProtocol((ProxyProtocolVersion)99)));
        Assert.Throws<ArgumentOutOfRangeException>("version", () => Pool(p => p.WithHttpVersion((BackendHttpVersion)99)));
    }

    [Fact]
    public void A_backend_that_cannot_be_in_the_pool_is_refused()
    {
        var next = Other("next");
        var secure = Other("secure", "https");

        Refuses("weight", "Weight '257' is out of range; must be 1 to 256.", p => p.WithBackend(next, weight: 257));
        Refuses("priority", "Priority '-1' is out of range; must be 0 to 15.", p => p.WithBackend(next, priority: -1));
        Refuses("maxConnections", "MaxConnections '0' is out of range; must be 1 to 1000000.", p => p.WithBackend(next, maxConnections: 0));
        Refuses("backend", "The pool 'api' has the endpoint 'http' of 'api' already; an endpoint must be in it once.", p => p.WithBackend(Http));
        Refuses("backend", "The pool 'api' has the endpoint 'http' of 'next' already; an endpoint must be in it once.", p => p.WithBackend(next).WithBackend(next));
        Refuses("configure", "'edge' cannot send to itself.", p => p.WithBackend(_edge.Resource.HttpEndpoint));
        Refuses("configure", "'edge' cannot send to the endpoint 'udp' of 'api', which has the scheme 'udp'; must be http or https.", p => p.WithBackend(Udp));
        Refuses("configure", "'edge' cannot send to the endpoint 'https' of 'secure', which has the scheme 'https'; must be 'http' like the endpoint 'http' of 'api'.", p => p.WithBackend(secure));

        void Refuses(string argument, string message, Action<BackendPoolBuilder> configure)
        {
            var exception = Assert.Throws<ArgumentException>(argument, () => _edge.WithPool(_api, configure));
            Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Layer_7_sends_no_PROXY_protocol_header()
    {
        var exception = Assert.Throws<ArgumentException>("configure", () => _edge.WithPool(_api, p => p.WithProxyProtocol()));

        Assert.StartsWith("'edge' sends no PROXY protocol header, which is of Layer 4;", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_listener_cannot_do_with_its_pool_is_refused_whichever_comes_last()
    {
        _wire.WithUdpListener("udp", 7001, Udp);

        var pool = Assert.Throws<ArgumentException>("configure", () => _wire.WithPool(Udp, p => p.WithProxyProtocol()));
        var other = _builder.AddLayer4LoadBalancer("other").WithPool(Http, p => p.WithMaxConnectionsPerReplica(5));
        var listener = Assert.Throws<ArgumentException>("configure", () => other.WithTcpListener("nat", 7003, Http, l => l.WithNat()));

        Assert.StartsWith("Layer4:Listeners:udp:Pool cannot be used with Protocol Udp: pool 'api-udp' has SendProxyProtocol", pool.Message, StringComparison.Ordinal);
        Assert.StartsWith("Layer4:Listeners:nat:Pool cannot be used with Mode Nat: pool 'api' has MaxConnections", listener.Message, StringComparison.Ordinal);
    }
}
