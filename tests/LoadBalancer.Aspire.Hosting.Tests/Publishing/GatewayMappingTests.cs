using System.Text.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests.Publishing;

public sealed class GatewayMappingTests
{
    private static readonly GatewayApiOptions Target = new("eg", "edge");

    [Theory]
    [InlineData(null, "PathPrefix", "/")]
    [InlineData("/{**rest}", "PathPrefix", "/")]
    [InlineData("/auth/{**rest}", "PathPrefix", "/auth")]
    [InlineData("/auth/{*rest}", "PathPrefix", "/auth")]
    [InlineData("/about", "Exact", "/about")]
    [InlineData("/", "Exact", "/")]
    [InlineData("/größe/{**rest}", "PathPrefix", "/gr%C3%B6%C3%9Fe")]
    [InlineData("/items/{id}", "RegularExpression", "^/items/[^/]+/?$")]
    [InlineData("/items/{id:int}/parts/{**rest}", "RegularExpression", "^/items/-?[0-9]+/parts(?:/.*)?/?$")]
    [InlineData("/items/{id?}", "RegularExpression", "^/items(?:/[^/]+)?/?$")]
    [InlineData("/files/{name}.{type}", "RegularExpression", @"^/files/[^/]+\.[^/]+/?$")]
    public void A_path_is_matched(string? path, string type, string value)
    {
        var match = RuleOf(Map(new() { Path = path, Pool = "catalog" }))["matches"]![0]!["path"]!;

        Assert.Equal((type, value), (match["type"]!.GetValue<string>(), match["value"]!.GetValue<string>()));
    }

    [Fact]
    public void Host_method_header_and_query_are_matched()
    {
        var route = Map(new()
        {
            Path = "/{**rest}",
            Pool = "catalog",
            Hosts = ["Shop.example.com", "*.example.org"],
            Methods = ["GET", "post"],
            Headers = { ["X-Beta"] = ["yes", "1"] },
            Query = { ["v"] = ["2"] },
        });

        Assert.Equal("""["shop.example.com","*.example.org"]""", SpecOf(route)["hostnames"]!.ToJsonString());
        var matches = RuleOf(route)["matches"]!.AsArray();
        Assert.Equal(["GET yes", "GET 1", "POST yes", "POST 1"], matches.Select(match => $"{match!["method"]} {match["headers"]![0]!["value"]}"));
        Assert.All(matches, match => Assert.Equal("""[{"type":"Exact","name":"v","value":"2"}]""", match!["queryParams"]!.ToJsonString()));
        Assert.Empty(route.Notes);
    }

    [Fact]
    public void Presence_and_a_great_many_values_become_expressions_and_are_told()
    {
        var route = Map(new()
        {
            Pool = "catalog",
            Methods = ["GET", "PUT", "POST"],
            Headers = { ["X-Any"] = [], ["X-Many"] = [.. Enumerable.Range(0, 30).Select(number => $"a.{number}")] },
        });

        var matches = RuleOf(route)["matches"]!.AsArray();
        Assert.Equal(3, matches.Count);
        Assert.Equal("""{"type":"RegularExpression","name":"X-Any","value":".*"}""", matches[0]!["headers"]![0]!.ToJsonString());
        Assert.StartsWith(@"^(?:a\.0|a\.1|", matches[0]!["headers"]![1]!["value"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("route 'subject': a RegularExpression is used, which not every implementation has", Assert.Single(route.Notes));
    }

    [Fact]
    public void A_condition_that_cannot_be_matched_takes_the_route_with_it()
    {
        (RouteOptions Route, string Reason)[] routes =
        [
            (new() { Pool = "catalog", Cookies = { ["beta"] = ["1"] } }, "it asks for cookies, which cannot be matched"),
            (new() { Pool = "catalog", Path = "/{id:range(1,9)}" }, "its path '/{id:range(1,9)}' has a constraint that cannot be matched"),
            (new() { Pool = "catalog", Methods = ["PURGE"] }, "its method 'PURGE' cannot be matched"),
            (new() { Pool = "catalog", Hosts = ["127.0.0.1:8080"] }, "its host '127.0.0.1:8080' cannot be matched"),
            (new() { Pool = "catalog", Query = { ["a[b]"] = ["1"] } }, "'a[b]' cannot be matched"),
        ];

        Assert.All(routes, entry =>
        {
            var gateway = Assert.Single(GatewayMapping.Of(ModelOf(entry.Route)));
            Assert.Equal($"route 'subject' is left out: {entry.Reason}, and without that it would take other requests", Assert.Single(gateway.Notes));
        });
    }

    [Theory]
    [InlineData("/auth/{**rest}", "/auth", null, null, """{"type":"ReplacePrefixMatch","replacePrefixMatch":"/"}""")]
    [InlineData("/api/v1/{**rest}", "/api", null, null, """{"type":"ReplacePrefixMatch","replacePrefixMatch":"/v1"}""")]
    [InlineData("/auth/{**rest}", "/auth", "PathPrefix", "/id", """{"type":"ReplacePrefixMatch","replacePrefixMatch":"/id"}""")]
    [InlineData("/{**rest}", null, "PathPrefix", "/shop", """{"type":"ReplacePrefixMatch","replacePrefixMatch":"/shop"}""")]
    [InlineData("/auth/{**rest}", null, "PathPattern", "/id/{**rest}", """{"type":"ReplacePrefixMatch","replacePrefixMatch":"/id"}""")]
    [InlineData("/auth/me", "/auth", null, null, """{"type":"ReplaceFullPath","replaceFullPath":"/me"}""")]
    [InlineData("/items/{id}", null, "PathSet", "/item", """{"type":"ReplaceFullPath","replaceFullPath":"/item"}""")]
    [InlineData("/auth/{**rest}", null, "PathSet", "/me", """{"type":"ReplaceFullPath","replaceFullPath":"/me"}""")]
    [InlineData("/auth/{**rest}", "/authority", null, null, null)]
    [InlineData("/auth/{**rest}", "/auth", "PathPrefix", "/auth", null)]
    public void A_path_is_rewritten(string path, string? removed, string? transform, string? value, string? expected)
    {
        var route = Map(new() { Path = path, Pool = "catalog", RemovePrefix = removed, Transforms = transform is null ? [] : [new() { [transform] = value! }] });

        Assert.Equal(expected, RuleOf(route)["filters"]?[0]?["urlRewrite"]?["path"]?.ToJsonString());
    }

    [Theory]
    [InlineData("/items/{id}", "PathPrefix", "/shop")]
    [InlineData("/items/{id}", "PathPattern", "/item/{id}")]
    [InlineData("/a/{**rest}", "PathPattern", "/b/{**other}")]
    [InlineData("/a/{**rest}", "PathRemovePrefix", "/a/b")]
    public void A_rewrite_that_cannot_be_made_is_told(string path, string transform, string value)
    {
        var route = Map(new() { Path = path, Pool = "catalog", Transforms = [new() { [transform] = value }] });

        Assert.Contains($"route 'subject': the transform {transform}={value} is not mapped: the standard cannot say it", route.Notes);
        Assert.Null(RuleOf(route)["filters"]);
    }

    [Fact]
    public void A_prefix_is_replaced_in_rules_with_one_match_each()
    {
        var route = Map(new() { Path = "/auth/{**rest}", Pool = "catalog", RemovePrefix = "/auth", Methods = ["GET", "HEAD", "POST"] });

        var rules = SpecOf(route)["rules"]!.AsArray();
        Assert.Equal(3, rules.Count);
        Assert.All(rules, rule => Assert.Single(rule!["matches"]!.AsArray()));
    }

    [Fact]
    public void Headers_and_the_host_are_changed()
    {
        var route = Map(new()
        {
            Pool = "catalog",
            Transforms =
            [
                new() { ["RequestHeader"] = "X-A", ["Set"] = "1" },
                new() { ["RequestHeader"] = "X-B", ["Append"] = "2" },
                new() { ["RequestHeaderRemove"] = "X-C" },
                new() { ["RequestHeader"] = "Host", ["Set"] = "inner.example" },
                new() { ["RequestHeaderOriginalHost"] = "true" },
                new() { ["ResponseHeader"] = "X-D", ["Set"] = "4", ["When"] = "Always" },
                new() { ["ResponseHeaderRemove"] = "Server" },
            ],
        });

        Assert.Equal(
            """
            [{"type":"RequestHeaderModifier","requestHeaderModifier":{"set":[{"name":"X-A","value":"1"}],"add":[{"name":"X-B","value":"2"}],"remove":["X-C"]}},
            {"type":"ResponseHeaderModifier","responseHeaderModifier":{"set":[{"name":"X-D","value":"4"}],"remove":["Server"]}},
            {"type":"URLRewrite","urlRewrite":{"hostname":"inner.example"}}]
            """.ReplaceLineEndings(""),
            RuleOf(route)["filters"]!.ToJsonString());
        Assert.Empty(route.Notes);
    }

    [Fact]
    public void Shares_of_pools_and_weights_of_backends_multiply()
    {
        var route = Map(new() { Pool = "catalog", Split = new() { Pools = { ["canary"] = 10 }, Sticky = false } });
        var several = Map(new() { Pool = "mixed", Split = new() { Pools = { ["canary"] = 10 }, Sticky = false } });

        Assert.Equal("""[{"name":"catalog-service","port":8080,"weight":9},{"name":"canary-service","port":8080,"weight":1}]""", RuleOf(route)["backendRefs"]!.ToJsonString());
        Assert.Equal(
            """[{"name":"old-service","port":8080,"weight":3},{"name":"new-service","port":9000,"weight":6},{"name":"canary-service","port":8080,"weight":1}]""",
            RuleOf(several)["backendRefs"]!.ToJsonString());
        Assert.Empty(route.Notes);
    }

    [Fact]
    public void Requests_are_mirrored()
    {
        var route = Map(new() { Pool = "catalog", Mirror = new() { Pool = "canary", Percent = 5 } });

        Assert.Equal("""[{"type":"RequestMirror","requestMirror":{"backendRef":{"name":"canary-service","port":8080},"percent":5}}]""", RuleOf(route)["filters"]!.ToJsonString());
        Assert.Empty(route.Notes);
    }

    [Fact]
    public void Times_are_limited()
    {
        var route = Map(new() { Pool = "catalog", Timeouts = new() { Total = TimeSpan.FromMilliseconds(90_500), FirstByte = TimeSpan.FromSeconds(2), Connect = TimeSpan.FromSeconds(1) } });

        Assert.Equal("""{"request":"1m30s500ms","backendRequest":"2s"}""", RuleOf(route)["timeouts"]!.ToJsonString());
        Assert.Equal(
            [
                "route 'subject': Timeouts:Connect is not mapped: the standard has no counterpart",
                "route 'subject': Timeouts:FirstByte is mapped to backendRequest, which counts to the end of the answer and not to its headers",
            ],
            route.Notes);
    }

    [Fact]
    public void Retries_and_affinity_are_of_the_experimental_channel()
    {
        var options = new RouteOptions { Pool = "catalog", Retry = new() { Attempts = 4, Statuses = [503] }, SessionAffinity = new() { Expiry = TimeSpan.FromHours(1), SameSite = CookieSameSite.Strict } };

        var standard = Map(options);
        var experimental = Map(options, Target with { IsExperimental = true });

        Assert.Equal(
            [
                "route 'subject': SessionAffinity is of the experimental channel; WithExperimentalChannel() writes it",
                "route 'subject': Retry is of the experimental channel; WithExperimentalChannel() writes it",
            ],
            standard.Notes);
        Assert.Null(RuleOf(standard)["retry"]);
        Assert.Equal("""{"attempts":3,"backoff":"25ms","codes":[503]}""", RuleOf(experimental)["retry"]!.ToJsonString());
        Assert.Equal(
            """{"type":"Cookie","sessionName":"lb-affinity-catalog","absoluteTimeout":"1h","cookieConfig":{"lifetimeType":"Permanent"}}""",
            RuleOf(experimental)["sessionPersistence"]!.ToJsonString());
        Assert.Equal(["route 'subject': SessionAffinity:SameSite is not mapped: the standard has no counterpart"], experimental.Notes);
    }

    [Fact]
    public void Everything_else_that_is_set_is_told()
    {
        var route = Map(new()
        {
            Pool = "catalog",
            Order = -1,
            Policy = SelectionPolicy.PeakEwma,
            HashKey = new() { Header = "X-User" },
            Cache = new(),
            Hedge = new(),
            RateLimit = new(),
            Concurrency = new(),
            MaxRequestBodySize = 10,
            SessionAffinity = new() { Mode = SessionAffinityMode.Source },
            Split = new() { Pools = { ["canary"] = 50 } },
            Mirror = new() { Pool = "canary", MaxBodySize = 1 },
            Transforms = [new() { ["ResponseCookie"] = "*", ["Path"] = "/" }],
        });

        Assert.Equal(
            ["Cache", "Concurrency", "HashKey", "Hedge", "MaxRequestBodySize", "Mirror:MaxBodySize", "Order", "Policy", "RateLimit", "SessionAffinity", "Split:Sticky", "the transform ResponseCookie=*, Path=/"],
            route.Notes.Select(note => note["route 'subject': ".Length..]).Select(note => note[..note.IndexOf(" is not mapped", StringComparison.Ordinal)].Replace(" by address", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    // An option that is new to the contract must be mapped, or told like this, without a change here.
    [Fact]
    public void No_option_is_lost_in_silence()
    {
        var resources = GatewayMapping.Of(ModelOf(
            new() { Pool = "catalog" },
            options =>
            {
                options.Pools["catalog"] = BackendPool.Defaults with { SlowStart = TimeSpan.FromSeconds(9), MaxConnections = 5, Policy = SelectionPolicy.LeastConnections };
                options.Layer7.AllowedHosts = ["shop.example"];
                options.Layer7.Limits.MaxConnections = 5;
                options.Layer7.Listeners["http"] = new() { Protocols = HttpListenerProtocols.Http2 };
                options.Layer4.Listeners["echo"] = new() { Pool = "catalog", Mode = Layer4Mode.Nat, AllowedNetworks = ["10.0.0.0/8"] };
            }));

        Assert.Equal(
            [
                "'edge': AllowedHosts is not mapped: hosts are of each route",
                "'edge': Limits:MaxConnections is not mapped: a policy resource of the implementation may do it",
                "listener 'http': Protocols is not mapped: the standard has no counterpart",
                "pool 'catalog': MaxConnections is not mapped: a policy resource of the implementation may do it",
                "pool 'catalog': Policy is not mapped: which backend gets a request or connection is the implementation's matter",
                "pool 'catalog': SlowStart is not mapped: the standard has no counterpart",
            ],
            resources[0].Notes.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["listener 'echo': AllowedNetworks is not mapped: a policy resource of the implementation may do it", "listener 'echo': Mode is not mapped: how bytes are passed on is the implementation's matter"],
            resources.Single(resource => resource.Kind == "TCPRoute").Notes.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(GatewayApiVersion.V14, 301)]
    [InlineData(GatewayApiVersion.V15, 308)]
    [InlineData(GatewayApiVersion.V16, 308)]
    public void A_listener_that_redirects_has_a_route_for_it_and_no_other(GatewayApiVersion version, int status)
    {
        var resources = GatewayMapping.Of(ModelOf(
            new() { Pool = "catalog" },
            options =>
            {
                options.Layer7.Listeners["http"] = new() { RedirectToHttps = new() };
                options.Layer7.Listeners["https"] = new() { Tls = new() { Certificates = { ["Shop_1"] = new() } } };
            },
            Target with { Version = version }));

        Assert.Equal(
            """[{"name":"http","port":80,"protocol":"HTTP"},{"name":"https","port":443,"protocol":"HTTPS","tls":{"mode":"Terminate","certificateRefs":[{"name":"edge-https-shop-1"}]}}]""",
            SpecOf(resources[0])["listeners"]!.ToJsonString());
        Assert.Equal($$"""{"scheme":"https","port":443,"statusCode":{{status}}}""", RuleOf(resources[1])["filters"]![0]!["requestRedirect"]!.ToJsonString());
        Assert.Equal("""[{"name":"edge","sectionName":"http"}]""", SpecOf(resources[1])["parentRefs"]!.ToJsonString());
        Assert.Equal("""[{"name":"edge","sectionName":"https"}]""", SpecOf(resources[2])["parentRefs"]!.ToJsonString());
    }

    [Theory]
    [InlineData(GatewayApiVersion.V14, "v1alpha2", "v1alpha2")]
    [InlineData(GatewayApiVersion.V15, "v1alpha2", "v1")]
    [InlineData(GatewayApiVersion.V16, "v1", "v1")]
    public void Layer_4_has_routes_of_the_releases_version(GatewayApiVersion version, string streams, string tls)
    {
        var resources = GatewayMapping.Of(ModelOf(null, WithStreams, Target with { Version = version }));

        Assert.Equal(
            [$"TCPRoute {streams} edge-echo", $"UDPRoute {streams} edge-dns", $"TLSRoute {tls} edge-secure-shop"],
            resources.Skip(1).Take(3).Select(resource => $"{resource.Kind} {resource.Version} {resource.Name}"));
        Assert.Equal(
            """[{"name":"echo","port":7000,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"UDP"},{"name":"secure","port":8443,"protocol":"TLS","tls":{"mode":"Passthrough"}}]""",
            SpecOf(resources[0])["listeners"]!.ToJsonString());
        Assert.Equal("""{"parentRefs":[{"name":"edge","sectionName":"secure"}],"rules":[{"backendRefs":[{"name":"catalog-service","port":8080}]}],"hostnames":["*.shop.example"]}""", SpecOf(resources[3]).ToJsonString());
        var notes = resources.SelectMany(resource => resource.Notes).ToArray();
        Assert.Contains("TLS route 'h2' of listener 'secure' is left out: it asks for application protocols (ALPN), which cannot be matched, and without that it would take other connections", notes);
        // Only before its v1 may a TLSRoute do without hostnames.
        Assert.Equal(tls == "v1", notes.Contains("listener 'secure': Pool 'canary' is not mapped: a TLSRoute must have hostnames, so that connections that no TLS route takes are closed"));
        Assert.Equal(tls == "v1" ? 4 : 5, resources.Count);
    }

    internal static void WithStreams(LoadBalancerOptions options)
    {
        options.Layer7.Listeners.Clear();
        options.Layer4.Listeners["echo"] = new() { Pool = "catalog" };
        options.Layer4.Listeners["dns"] = new() { Pool = "catalog", Protocol = Layer4Protocol.Udp };
        options.Layer4.Listeners["secure"] = new()
        {
            Pool = "canary",
            TlsRoutes = { ["shop"] = new() { ServerNames = ["*.Shop.example"], Pool = "catalog" }, ["h2"] = new() { Protocols = ["h2"], Pool = "catalog" } },
        };
    }

    private static GatewayResource Map(RouteOptions route, GatewayApiOptions? target = null) => GatewayMapping.Of(ModelOf(route, target: target))[1];

    private static GatewayModel ModelOf(RouteOptions? route, Action<LoadBalancerOptions>? configure = null, GatewayApiOptions? target = null)
    {
        var options = new LoadBalancerOptions { Name = "edge", Layer7 = { Listeners = { ["http"] = new() } } };
        var pools = new Dictionary<string, GatewayPool>
        {
            ["catalog"] = new("http", [new("catalog-service", 8080)]),
            ["canary"] = new("http", [new("canary-service", 8080)]),
            ["mixed"] = new("http", [new("old-service", 8080, 1), new("new-service", 9000, 2)]),
        };
        foreach (var pool in pools.Keys)
        {
            options.Pools.Add(pool, BackendPool.Defaults);
        }

        if (route is not null)
        {
            options.Layer7.Routes.Add("subject", route);
        }

        configure?.Invoke(options);
        var ports = new Dictionary<string, int> { ["http"] = 80, ["https"] = 443, ["echo"] = 7000, ["dns"] = 53, ["secure"] = 8443 };
        return new("edge", options, ports, pools, target ?? Target);
    }

    private static JsonNode SpecOf(GatewayResource resource) => JsonSerializer.SerializeToNode(resource.Spec, JsonSerializerOptions.Default)!;

    private static JsonNode RuleOf(GatewayResource resource) => SpecOf(resource)["rules"]![0]!;
}
