using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests;

/// <summary>What a route's builder makes of each call, and what it refuses.</summary>
public sealed class Layer7RouteBuilderTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly IResourceBuilder<ExecutableResource> _api;
    private readonly IResourceBuilder<ExecutableResource> _next;
    private readonly IResourceBuilder<ExecutableResource> _copy;
    private readonly IResourceBuilder<Layer7LoadBalancerResource> _edge;

    public Layer7RouteBuilderTests()
    {
        _api = _builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        _next = _builder.AddProgram("next").WithHttpEndpoint(env: "PORT");
        _copy = _builder.AddProgram("copy").WithHttpEndpoint(name: "web", env: "PORT");
        _edge = _builder.AddLayer7LoadBalancer("edge");
    }

    private RouteOptions Route(Action<Layer7RouteBuilder> configure) =>
        Assert.Single(_edge.WithRoute("/{**rest}", _api, configure).Describe().LoadBalancer.Layer7.Routes).Value;

    [Fact]
    public void Conditions_may_be_cookies()
    {
        var route = Route(r => r.WithCookie("beta", "1", "2").WithCookie("Beta").WithHeader("X-A"));

        Assert.Equal(["1", "2"], route.Cookies["beta"]);
        Assert.Empty(route.Cookies["Beta"]);
        Assert.True(route.Headers.ContainsKey("x-a"));
    }

    [Fact]
    public void Routes_that_differ_in_their_cookies_alone_are_two() =>
        Assert.Equal(2, _edge.WithRoute("/", _api, r => r.WithCookie("a")).WithRoute("/", _api, r => r.WithCookie("A")).Resource.Routes.Count);

    [Fact]
    public void A_route_may_be_for_listeners_that_come_later_but_must_come()
    {
        Assert.Equal(["internal", "http"], Route(r => r.WithListeners("internal", "http")).Listeners);

        Assert.Contains("'internal' is not a listener of Layer 7; allowed are http", Assert.Throws<DistributedApplicationException>(_edge.Resource.ThrowIfUnusable).Message, StringComparison.Ordinal);
        _edge.WithHttpListener("internal");
        _edge.Resource.ThrowIfUnusable();
        Assert.Equal(2, _edge.WithRoute("/{**rest}", _api).Resource.Routes.Count);
    }

    [Fact]
    public void A_key_to_hash_brings_the_policy_that_hashes_it()
    {
        Assert.Equal(new() { Header = "X-User" }, Route(r => r.WithHashByHeader("X-User")).HashKey);
        var routes = _builder.AddLayer7LoadBalancer("other")
            .WithRoute("/a", _api, r => r.WithHashByCookie("user"))
            .WithRoute("/b", _api, r => r.WithHashByQuery("user"))
            .Resource.Routes;

        Assert.Equal((new() { Cookie = "user" }, SelectionPolicy.ConsistentHash), (routes["a"].HashKey, routes["a"].Policy));
        Assert.Equal((new() { Query = "user" }, SelectionPolicy.ConsistentHash), (routes["b"].HashKey, routes["b"].Policy));
    }

    [Fact]
    public void A_cache_follows_the_answers_or_a_fixed_time()
    {
        var routes = _edge
            .WithRoute("/standard", _api, r => r.WithCache())
            .WithRoute("/fixed", _api, r => r.WithCache(TimeSpan.FromSeconds(30)))
            .WithRoute("/tags", _api, r => r.WithCache(tags: ["products", "42"]))
            .WithRoute("/both", _api, r => r.WithCache(TimeSpan.FromSeconds(30), "products"))
            .Resource.Routes;

        Assert.Equal((null, TimeSpan.FromSeconds(30)), (routes["standard"].Cache!.Duration, routes["fixed"].Cache!.Duration));
        Assert.Equal(["products", "42"], routes["tags"].Cache!.Tags);
        Assert.Null(routes["tags"].Cache!.Duration);
        Assert.Equal((TimeSpan.FromSeconds(30), "products"), (routes["both"].Cache!.Duration, Assert.Single(routes["both"].Cache!.Tags)));
    }

    [Fact]
    public void Affinity_has_three_modes()
    {
        var routes = _edge
            .WithHttpsListener()
            .WithRoute("/cookie", _api, r => r.WithSessionAffinity("c", CookieSameSite.None, TimeSpan.FromHours(1), AffinityFailure.Refuse))
            .WithRoute("/header", _api, r => r.WithHeaderAffinity("X-A", AffinityFailure.Refuse))
            .WithRoute("/source", _api, r => r.WithSourceAffinity(TimeSpan.FromMinutes(5), AffinityFailure.Refuse))
            .WithRoute("/defaults", _api, r => r.WithHeaderAffinity())
            .WithRoute("/plain", _api, r => r.WithSourceAffinity())
            .Resource.Routes;

        Assert.Equal(new() { Cookie = "c", SameSite = CookieSameSite.None, Expiry = TimeSpan.FromHours(1), WhenGone = AffinityFailure.Refuse }, routes["cookie"].SessionAffinity);
        Assert.Equal(new() { Mode = SessionAffinityMode.Header, Header = "X-A", WhenGone = AffinityFailure.Refuse }, routes["header"].SessionAffinity);
        Assert.Equal(new() { Mode = SessionAffinityMode.Source, Expiry = TimeSpan.FromMinutes(5), WhenGone = AffinityFailure.Refuse }, routes["source"].SessionAffinity);
        Assert.Equal(new() { Mode = SessionAffinityMode.Header }, routes["defaults"].SessionAffinity);
        Assert.Equal(new() { Mode = SessionAffinityMode.Source }, routes["plain"].SessionAffinity);
    }

    [Fact]
    public void Waiting_and_trying_again_reach_the_configuration()
    {
        var route = Route(r => r
            .WithTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4))
            .WithRetry(5, 50, TimeSpan.FromMilliseconds(10), 502, 503)
            .WithHedging(TimeSpan.FromMilliseconds(150), 3));

        Assert.Equal(new() { Connect = TimeSpan.FromSeconds(1), FirstByte = TimeSpan.FromSeconds(2), Total = TimeSpan.FromSeconds(3), Idle = TimeSpan.FromSeconds(4) }, route.Timeouts);
        Assert.Equivalent(new RetryOptions { Attempts = 5, Budget = 50, BackOff = TimeSpan.FromMilliseconds(10), Statuses = [502, 503] }, route.Retry, strict: true);
        Assert.Equal(new() { Delay = TimeSpan.FromMilliseconds(150), MaxParallel = 3 }, route.Hedge);
    }

    [Fact]
    public void What_is_not_given_stays_as_it_is()
    {
        var route = Route(r => r
            .WithTimeouts(total: TimeSpan.FromSeconds(3)).WithTimeouts(idle: TimeSpan.FromSeconds(4))
            .WithRetry(attempts: 5).WithRetry(budget: 50).WithRetry(statuses: 503)
            .WithHedging()
            .WithRateLimit(10)
            .WithConcurrencyLimit(7));

        Assert.Equal(new() { Total = TimeSpan.FromSeconds(3), Idle = TimeSpan.FromSeconds(4) }, route.Timeouts);
        Assert.Equal((5, 50, new RetryOptions().BackOff, 503), (route.Retry.Attempts, route.Retry.Budget, route.Retry.BackOff, Assert.Single(route.Retry.Statuses)));
        Assert.Equal(new(), route.Hedge);
        Assert.Equal(new() { Requests = 10 }, route.RateLimit);
        Assert.Equal(new() { Requests = 7 }, route.Concurrency);
    }

    [Fact]
    public void Nothing_is_tried_again_where_that_is_asked_for()
    {
        var route = Route(r => r.WithRetry(4, statuses: [503]).WithoutRetry());

        Assert.Equal(1, route.Retry.Attempts);
        Assert.Empty(route.Retry.Statuses);
    }

    [Fact]
    public void Limits_reach_the_configuration()
    {
        var route = Route(r => r
            .WithRateLimit(20, TimeSpan.FromMinutes(1), burst: 40, header: "X-Api-Key")
            .WithConcurrencyLimit(16, 32, TimeSpan.FromSeconds(3))
            .WithMaxRequestBodySize(5_000_000_000));

        Assert.Equal(new() { Requests = 20, Window = TimeSpan.FromMinutes(1), Burst = 40, Key = RateLimitKey.Header, Header = "X-Api-Key" }, route.RateLimit);
        Assert.Equal(new() { Requests = 16, QueueLength = 32, QueueTimeout = TimeSpan.FromSeconds(3) }, route.Concurrency);
        Assert.Equal(5_000_000_000, route.MaxRequestBodySize);
    }

    [Theory]
    [InlineData(RateLimitAlgorithm.FixedWindow, RateLimitKey.Global)]
    [InlineData(RateLimitAlgorithm.SlidingWindow, RateLimitKey.ClientAddress)]
    public void A_rate_has_an_algorithm_and_a_key(RateLimitAlgorithm algorithm, RateLimitKey key) =>
        Assert.Equal(new() { Requests = 1, Algorithm = algorithm, Key = key }, Route(r => r.WithRateLimit(1, algorithm: algorithm, key: key)).RateLimit);

    [Fact]
    public void A_split_and_a_mirror_lead_to_the_pools_of_their_resources()
    {
        _edge.WithRoute("/{**rest}", _api, r => r
            .WithSplit(_next, 10).WithSplit(_copy.GetEndpoint("web"), 5).WithStickySplit(true, "canary")
            .WithMirror(_copy, 50, 4_096));

        var file = _edge.Describe(("next", "next-a", "127.0.0.1:5001"), ("copy", "copy-a", "127.0.0.1:5002"));
        var route = file.LoadBalancer.Layer7.Routes["default"];

        Assert.Equal(["api", "next", "copy"], file.LoadBalancer.Pools.Keys);
        Assert.Equal("api", route.Pool);
        Assert.Equivalent(new SplitOptions { Pools = { ["next"] = 10, ["copy"] = 5 }, Cookie = "canary" }, route.Split, strict: true);
        Assert.Equal(new() { Pool = "copy", Percent = 50, MaxBodySize = 4_096 }, route.Mirror);
        Assert.Equal(["127.0.0.1:5001"], file.Services["next"]["http"]);
        Assert.Equal(["api", "next", "copy"], _edge.Resource.Annotations.OfType<ResourceRelationshipAnnotation>().Select(relation => relation.Resource.Name));
        _edge.Resource.ThrowIfUnusable();
    }

    [Fact]
    public async Task Replicas_that_a_split_or_a_mirror_leads_to_carry_their_ports()
    {
        _edge.WithRoute("/{**rest}", _api, r => r.WithSplit(_next, 10).WithMirror(_copy));

        Assert.Contains("LOADBALANCER_BACKEND_HTTP", await Model.EnvironmentOfAsync(_next.Resource));
        Assert.Contains("LOADBALANCER_BACKEND_WEB", await Model.EnvironmentOfAsync(_copy.Resource));
    }

    [Fact]
    public void A_pool_that_a_split_alone_leads_to_may_have_options()
    {
        _edge.WithRoute("/{**rest}", _api, r => r.WithSplit(_next, 0).WithStickySplit(false)).WithPool(_next, p => p.WithPolicy(SelectionPolicy.PeakEwma));

        _edge.Resource.ThrowIfUnusable();
        Assert.Equal(SelectionPolicy.PeakEwma, _edge.Describe().LoadBalancer.Pools["next"].Policy);
        Assert.False(_edge.Describe().LoadBalancer.Layer7.Routes["default"].Split!.Sticky);
    }

    [Fact]
    public void Transforms_are_YARPs_in_the_order_of_the_calls() => Assert.Equal(
        [
            new() { ["PathPrefix"] = "/v2" },
            new() { ["PathSet"] = "/fixed" },
            new() { ["PathPattern"] = "/v3/{**rest}" },
            new() { ["QueryValueParameter"] = "a", ["Set"] = "1" },
            new() { ["QueryValueParameter"] = "a", ["Append"] = "2" },
            new() { ["RequestHeader"] = "X-Env", ["Set"] = "dev" },
            new() { ["RequestHeader"] = "X-Env", ["Append"] = "" },
            new() { ["RequestHeaderRemove"] = "X-Secret" },
            new() { ["RequestHeaderOriginalHost"] = "true" },
            new() { ["ResponseHeader"] = "X-Served-By", ["Set"] = "edge", ["When"] = "Success" },
            new() { ["ResponseHeader"] = "X-Served-By", ["Append"] = "edge", ["When"] = "Always" },
            new() { ["ResponseHeaderRemove"] = "Server", ["When"] = "Always" },
            new() { ["ResponseHeaderRemove"] = "X-Powered-By", ["When"] = "Success" },
            new() { ["ResponseTrailer"] = "T", ["Set"] = "1" },
        ],
        Route(r => r
            .WithPathPrefix("/v2")
            .WithPathSet("/fixed")
            .WithPathPattern("/v3/{**rest}")
            .WithQueryValue("a", "1")
            .WithQueryValue("a", "2", append: true)
            .WithRequestHeader("X-Env", "dev")
            .WithRequestHeader("X-Env", "", append: true)
            .WithoutRequestHeader("X-Secret")
            .WithOriginalHost()
            .WithResponseHeader("X-Served-By", "edge")
            .WithResponseHeader("X-Served-By", "edge", append: true, always: true)
            .WithoutResponseHeader("Server", always: true)
            .WithoutResponseHeader("X-Powered-By")
            .WithTransform(t => (t["ResponseTrailer"], t["Set"]) = ("T", "1"))).Transforms);

    public static TheoryData<string, string, Action<Layer7RouteBuilder>> Errors() => new()
    {
        { "name", "Cookies:a b 'a b' is not a cookie name", r => r.WithCookie("a b") },
        { "name", "'a:b' has a ':'", r => r.WithCookie("a:b") },
        { "header", "HashKey:Header 'X User' is not a header name", r => r.WithHashByHeader("X User") },
        { "cookie", "HashKey:Cookie '' is not a cookie name", r => r.WithHashByCookie("") },
        { "parameter", "HashKey:Query is empty; must be the name of a query parameter.", r => r.WithHashByQuery("") },
        { "policy", "HashKey cannot be used with Policy First: only ConsistentHash hashes it.", r => r.WithHashByQuery("user").WithPolicy(SelectionPolicy.First) },
        { "tags", "Cache:Tags:1 'a b' is not a tag; must be a token such as products.", r => r.WithCache(tags: ["a", "a b"]) },
        { "expiry", "SessionAffinity:Expiry '00:00:00' is out of range; must be 00:00:01 to 30.00:00:00.", r => r.WithSessionAffinity(expiry: TimeSpan.Zero) },
        { "header", "SessionAffinity:Header 'a b' is not a header name", r => r.WithHeaderAffinity("a b") },
        { "expiry", "SessionAffinity:Expiry '31.00:00:00' is out of range; must be 00:00:01 to 30.00:00:00.", r => r.WithSourceAffinity(TimeSpan.FromDays(31)) },
        { "connect", "Timeouts:Connect '00:00:00' is out of range; must be 00:00:00.01 to 00:05:00.", r => r.WithTimeouts(connect: TimeSpan.Zero) },
        { "firstByte", "Timeouts:FirstByte '00:00:00' is out of range; must be 00:00:00.01 to 01:00:00.", r => r.WithTimeouts(firstByte: TimeSpan.Zero) },
        { "total", "Timeouts:Total '00:00:00' is out of range; must be 00:00:00.01 to 1.00:00:00.", r => r.WithTimeouts(total: TimeSpan.Zero) },
        { "total", "Timeouts:FirstByte '00:00:09' is longer than Total, '00:00:08', which ends it first.", r => r.WithTimeouts(firstByte: TimeSpan.FromSeconds(9), total: TimeSpan.FromSeconds(8)) },
        { "idle", "Timeouts:Idle '00:00:00' is out of range; must be 00:00:00.1 to 1.00:00:00.", r => r.WithTimeouts(idle: TimeSpan.Zero) },
        { "attempts", "Retry:Attempts '0' is out of range; must be 1 to 10.", r => r.WithRetry(0) },
        { "budget", "Retry:Budget '101' is out of range; must be 0 to 100.", r => r.WithRetry(budget: 101) },
        { "backOff", "Retry:BackOff '00:00:11' is out of range; must be 00:00:00 to 00:00:10.", r => r.WithRetry(backOff: TimeSpan.FromSeconds(11)) },
        { "statuses", "Retry:Statuses:0 '404' is out of range; must be 500 to 599.", r => r.WithRetry(statuses: 404) },
        { "statuses", "Retry:Statuses cannot be used with Attempts 1: nothing is retried.", r => r.WithoutRetry().WithRetry(statuses: 503) },
        { "delay", "Hedge:Delay '00:00:00' is out of range; must be 00:00:00.001 to 00:01:00.", r => r.WithHedging(TimeSpan.Zero) },
        { "delay", "Hedge:Delay '00:00:02' is longer than Timeouts:Total, '00:00:01', which ends it first.", r => r.WithTimeouts(total: TimeSpan.FromSeconds(1)).WithHedging(TimeSpan.FromSeconds(2)) },
        { "maxParallel", "Hedge:MaxParallel '1' is out of range; must be 2 to 5.", r => r.WithHedging(maxParallel: 1) },
        { "requests", "RateLimit:Requests '0' is out of range; must be 1 to 1000000.", r => r.WithRateLimit(0) },
        { "window", "RateLimit:Window '00:00:00' is out of range; must be 00:00:00.1 to 1.00:00:00.", r => r.WithRateLimit(1, TimeSpan.Zero) },
        { "burst", "RateLimit:Burst '0' is out of range; must be 1 to 1000000.", r => r.WithRateLimit(1, burst: 0) },
        { "burst", "RateLimit:Burst cannot be used with Algorithm FixedWindow; needs TokenBucket.", r => r.WithRateLimit(1, algorithm: RateLimitAlgorithm.FixedWindow, burst: 5) },
        { "header", "RateLimit:Header 'a b' is not a header name", r => r.WithRateLimit(1, header: "a b") },
        { "header", "RateLimit:Header cannot be used with Key Global; needs Key Header.", r => r.WithRateLimit(1, key: RateLimitKey.Global, header: "X-Key") },
        { "header", "RateLimit:Header is missing; Key Header needs the header's name.", r => r.WithRateLimit(1, key: RateLimitKey.Header) },
        { "requests", "Concurrency:Requests '0' is out of range; must be 1 to 1000000.", r => r.WithConcurrencyLimit(0) },
        { "queueLength", "Concurrency:QueueLength '-1' is out of range; must be 0 to 1000000.", r => r.WithConcurrencyLimit(1, -1) },
        { "queueTimeout", "Concurrency:QueueTimeout '00:00:00' is out of range; must be 00:00:00.001 to 00:10:00.", r => r.WithConcurrencyLimit(1, queueTimeout: TimeSpan.Zero) },
        { "bytes", "MaxRequestBodySize '-1' is out of range; must be 0 to 1000000000000.", r => r.WithMaxRequestBodySize(-1) },
        { "cookie", "Split:Cookie 'a b' is not a cookie name", r => r.WithStickySplit(true, "a b") },
        { "cookie", "Split:Cookie cannot be used with Sticky false: no cookie is set.", r => r.WithStickySplit(false, "c") },
        { "configure", "Transforms:0 is empty; must be a transform", r => r.WithTransform(_ => { }) },
        { "configure", "'a:b' has a ':'", r => r.WithTransform(t => t["a:b"] = "1") },
        { "prefix", "Path 'v2' is not a path", r => r.WithPathPrefix("v2") },
        { "path", "Path '' is not a path", r => r.WithPathSet("") },
        { "pattern", "'/{id' is not a path template", r => r.WithPathPattern("/{id") },
        { "pattern", "Path 'v2' is not a path", r => r.WithPathPattern("v2") },
        { "name", "Headers:a b 'a b' is not a header name", r => r.WithRequestHeader("a b", "1") },
        { "name", "Headers:a b 'a b' is not a header name", r => r.WithoutRequestHeader("a b") },
        { "name", "'a:b' has a ':'", r => r.WithResponseHeader("a:b", "1") },
        { "name", "Headers:a b 'a b' is not a header name", r => r.WithoutResponseHeader("a b") },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_value_that_breaks_the_contract_is_refused_with_what_is_allowed(string argument, string message, Action<Layer7RouteBuilder> configure)
    {
        var exception = Assert.Throws<ArgumentException>(argument, () => Route(configure));

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_none_of_an_enumeration_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("sameSite", () => Route(r => r.WithSessionAffinity(sameSite: (CookieSameSite)9)));
        Assert.Throws<ArgumentOutOfRangeException>("whenGone", () => Route(r => r.WithSessionAffinity(whenGone: (AffinityFailure)9)));
        Assert.Throws<ArgumentOutOfRangeException>("whenGone", () => Route(r => r.WithHeaderAffinity(whenGone: (AffinityFailure)9)));
        Assert.Throws<ArgumentOutOfRangeException>("whenGone", () => Route(r => r.WithSourceAffinity(whenGone: (AffinityFailure)9)));
        Assert.Throws<ArgumentOutOfRangeException>("algorithm", () => Route(r => r.WithRateLimit(1, algorithm: (RateLimitAlgorithm)9)));
        Assert.Throws<ArgumentOutOfRangeException>("key", () => Route(r => r.WithRateLimit(1, key: (RateLimitKey)9)));
    }

    [Fact]
    public void A_split_or_mirror_that_cannot_be_is_refused()
    {
        var echo = _builder.AddProgram("echo").WithEndpoint(name: "tcp", scheme: "tcp", env: "TCP");

        Refuses("percent", "Split:Pools:next.http '101' is out of range; must be 0 to 100", r => r.WithSplit(_next, 101));
        Refuses("percent", "Split:Pools '110' percent together is out of range; must be 0 to 100.", r => r.WithSplit(_next, 60).WithSplit(_copy, 50));
        Refuses("percent", "Mirror:Percent '-1' is out of range; must be 0 to 100.", r => r.WithMirror(_next, -1));
        Refuses("maxBodySize", "Mirror:MaxBodySize '-1' is out of range; must be 0 to 100000000.", r => r.WithMirror(_next, maxBodySize: -1));
        Refuses("backend", "The endpoint 'http' of 'next' has a share already; must have one.", r => r.WithSplit(_next, 1).WithSplit(_next, 2));
        Refuses("backend", "'echo' has only 'tcp'; it must have an endpoint 'http'", r => r.WithSplit(echo, 1));
        Refuses("backend", "'echo' has only 'tcp'; it must have an endpoint 'http'", r => r.WithMirror(echo));
        Refuses("configure", "'refusing' cannot send to the endpoint 'tcp' of 'echo', which has the scheme 'tcp'; must be http or https.", r => r.WithSplit(echo.GetEndpoint("tcp"), 1));
        Refuses("configure", "Layer7:Routes:default:Split:Pools:api is the route's own pool, which gets the rest; must be another.", r => r.WithSplit(_api, 1));

        void Refuses(string argument, string message, Action<Layer7RouteBuilder> configure)
        {
            var refusing = _builder.CreateResourceBuilder(new Layer7LoadBalancerResource("refusing"));
            var exception = Assert.Throws<ArgumentException>(argument, () => refusing.WithRoute("/{**rest}", _api, configure));
            Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_cookie_for_other_sites_needs_a_listener_with_TLS_by_the_time_that_the_AppHost_starts()
    {
        _edge.WithRoute("/{**rest}", _api, r => r.WithSessionAffinity(sameSite: CookieSameSite.None));

        var exception = Assert.Throws<DistributedApplicationException>(_edge.Resource.ThrowIfUnusable);
        Assert.StartsWith("Load balancer 'edge': Layer7:Routes:default:SessionAffinity:SameSite 'None' works over TLS only, and no listener has Tls;", exception.Message, StringComparison.Ordinal);

        _edge.WithHttpsListener();
        _edge.Resource.ThrowIfUnusable();
    }
}
