namespace LoadBalancer.Configuration.Tests;

public sealed class Layer7ValidationTests
{
    private const string Layer7 = "LoadBalancer:Layer7";
    private const string All = $"{Layer7}:Routes:all";
    private const string Header = "is not a header name; must be a token such as X-Version";
    private const string Cookie = "is not a cookie name; must be a token (RFC 6265 section 4.1.1)";
    private const string Host = "is not a host name; must be a name without a port, such as example.com or *.example.com";

    [Theory]
    // Values that do not parse.
    [InlineData("Pools:catalog:HttpVersion", "Http1AndHttp2", "'Http1AndHttp2' is not allowed; must be one of Auto, Http1, Http2, Http3")]
    [InlineData("Pools:catalog:OutlierEjection:ServerErrors", "500", "'500' is not allowed; must be true or false")]
    [InlineData("Layer7:Routes:all:SessionAffinity:Mode", "Ip", "'Ip' is not allowed; must be one of Cookie, Header, Source")]
    [InlineData("Layer7:Routes:all:SessionAffinity:SameSite", "Off", "'Off' is not allowed; must be one of Lax, Strict, None")]
    [InlineData("Layer7:Routes:all:SessionAffinity:WhenGone", "503", "'503' is not allowed; must be one of Repick, Refuse")]
    [InlineData("Layer7:Routes:all:RateLimit:Algorithm", "LeakyBucket", "'LeakyBucket' is not allowed; must be one of FixedWindow, SlidingWindow, TokenBucket")]
    [InlineData("Layer7:Routes:all:RateLimit:Key", "Ip", "'Ip' is not allowed; must be one of Global, ClientAddress, Header")]
    [InlineData("Layer7:ForwardedHeaders:Mode", "All", "'All' is not allowed; must be one of XForwarded, Forwarded, Both, None")]
    [InlineData("Layer7:AccessLog:Format", "Json", "'Json' is not allowed; must be one of Combined, W3C")]
    [InlineData("Layer7:DetailedErrors", "Development", "'Development' is not allowed; must be true or false")]
    [InlineData("Layer7:Routes:hashed:Split:Sticky", "1", "'1' is not allowed; must be true or false")]
    [InlineData("Layer7:Routes:hashed:Split:Pools:echo", "10%", "'10%' is not allowed; must be a whole number")]
    [InlineData("Layer7:Routes:all:Retry:Statuses:0", "5xx", "'5xx' is not allowed; must be a whole number")]
    [InlineData("Layer7:Routes:all:Timeouts:Total", "30", "'30' is not allowed; must be a time as [d.]hh:mm:ss[.fff], such as 00:00:05")]
    [InlineData("Layer7:Routes:all:Transforms:0", "PathPrefix", "'PathPrefix' is not allowed here; must be an object")]
    [InlineData("Layer7:Routes:all:Transforms:PathPrefix", "/v2", "is not an index; must be a list")]
    [InlineData("Layer7:Routes:all:Transforms", "/v2", "'/v2' is not allowed here; must be a list")]
    [InlineData("Layer7:Routes:all:Split", "echo", "'echo' is not allowed here; must be an object")]
    // Names that are no tokens, and texts that must have a form.
    [InlineData("Layer7:Routes:all:SessionAffinity:Header", "X Affinity", $"'X Affinity' {Header}", null, "Header")]
    [InlineData("Layer7:Routes:all:Cookies:a b:0", "1", $"'a b' {Cookie}", "Layer7:Routes:all:Cookies:a b")]
    [InlineData("Layer7:Routes:all:Cookies:a=b:0", "1", $"'a=b' {Cookie}", "Layer7:Routes:all:Cookies:a=b")]
    [InlineData("Layer7:Routes:hashed:HashKey:Header", "X User", $"'X User' {Header}")]
    [InlineData("Layer7:Routes:hashed:HashKey:Header", "", $"'' {Header}")]
    [InlineData("Layer7:Routes:all:Cache:Tags:0", "a b", "'a b' is not a tag; must be a token such as products")]
    [InlineData("Layer7:Routes:all:Cache:Tags:0", "", "'' is not a tag; must be a token such as products")]
    [InlineData("Layer7:Routes:hashed:Split:Cookie", "a;b", $"'a;b' {Cookie}")]
    [InlineData("Layer7:AllowedHosts:0", "example.com:8080", $"'example.com:8080' {Host}")]
    [InlineData("Layer7:AllowedHosts:0", "[::1]:8080", $"'[::1]:8080' {Host}")]
    [InlineData("Layer7:AllowedHosts:0", "https://example.com", $"'https://example.com' {Host}")]
    [InlineData("Layer7:AllowedHosts:0", "", $"'' {Host}")]
    [InlineData("Layer7:AllowedHosts:0", "example.*", $"'example.*' {Host}")]
    [InlineData("Layer7:AccessLog:File", " ", "is empty; must be a file's path")]
    [InlineData("Layer7:ForwardedHeaders:TrustedNetworks:0", "10.0.0.1/8", "'10.0.0.1/8' is not a network; must be an IP address, or a network in CIDR form such as 10.0.0.0/8 or fd00::/8 without bits beyond its prefix")]
    [InlineData("Layer7:Listeners:proxied:ProxyProtocol:TrustedNetworks:0", "all", "'all' is not a network; must be an IP address, or a network in CIDR form such as 10.0.0.0/8 or fd00::/8 without bits beyond its prefix")]
    [InlineData("Layer7:Listeners:https:ProxyProtocol:Timeout", "00:00:01", "is empty; must name the networks of the proxies in front, each an IP address, or a network in CIDR form such as 10.0.0.0/8 or fd00::/8 without bits beyond its prefix", "Layer7:Listeners:https:ProxyProtocol:TrustedNetworks")]
    // References.
    [InlineData("Layer7:Routes:hashed:Listeners:0", "nosuch", "'nosuch' is not a listener of Layer 7; allowed are http, https, proxied, redirect")]
    [InlineData("Layer7:Routes:hashed:Mirror:Pool", "nosuch", "'nosuch' is not a pool; allowed are catalog, echo")]
    [InlineData("Layer7:Routes:all:Mirror:Percent", "5", "is missing; must be a pool: allowed are catalog, echo", "Layer7:Routes:all:Mirror:Pool")]
    [InlineData("Layer7:Routes:hashed:Split:Pools:nosuch", "5", "'nosuch' is not a pool; allowed are catalog, echo")]
    [InlineData("Layer7:Routes:hashed:Split:Pools:CATALOG", "5", "is the route's own pool, which gets the rest; must be another")]
    public void A_bad_value_is_named_with_its_key_and_what_is_allowed(string key, string value, string message, string? reportedKey = null, string? mode = null) => Assert.Equal(
        new ConfigurationError($"LoadBalancer:{reportedKey ?? key}", message),
        Reading.Error(Reading.ValidFile, [($"LoadBalancer:{key}", value), .. mode is null ? Array.Empty<(string, string?)>() : [($"{All}:SessionAffinity:Mode", mode)]]));

    [Theory]
    // Affinity.
    [InlineData("SessionAffinity:Mode=Header SessionAffinity:Cookie=c", "SessionAffinity:Cookie", "cannot be used with Mode Header: only Mode Cookie has a cookie")]
    [InlineData("SessionAffinity:Mode=Source SessionAffinity:Cookie=c", "SessionAffinity:Cookie", "cannot be used with Mode Source: only Mode Cookie has a cookie")]
    [InlineData("SessionAffinity:Mode=Header SessionAffinity:SameSite=Strict", "SessionAffinity:SameSite", "cannot be used with Mode Header: only Mode Cookie has a cookie")]
    [InlineData("SessionAffinity:Mode=Source SessionAffinity:SameSite=None", "SessionAffinity:SameSite", "cannot be used with Mode Source: only Mode Cookie has a cookie")]
    [InlineData("SessionAffinity:Header=X-A", "SessionAffinity:Header", "cannot be used with Mode Cookie: only Mode Header has a header")]
    [InlineData("SessionAffinity:Mode=Source SessionAffinity:Header=X-A", "SessionAffinity:Header", "cannot be used with Mode Source: only Mode Header has a header")]
    [InlineData("SessionAffinity:Mode=Header SessionAffinity:Expiry=00:10:00", "SessionAffinity:Expiry", "cannot be used with Mode Header: the client decides how long it sends the header")]
    // Hashing.
    [InlineData("HashKey:Cookie=user", "HashKey", "cannot be used with Policy RoundRobin, the pool's: only ConsistentHash hashes it")]
    [InlineData("HashKey:Cookie=user Policy=SourceHash", "HashKey", "cannot be used with Policy SourceHash: only ConsistentHash hashes it")]
    [InlineData("HashKey:Query=user Policy=LeastConnections", "HashKey", "cannot be used with Policy LeastConnections: only ConsistentHash hashes it")]
    [InlineData("HashKey:Query=user Split:Pools:echo=50", "HashKey", "cannot be used with Policy RoundRobin, the pool's: only ConsistentHash hashes it")]
    [InlineData("Policy=ConsistentHash HashKey:Cookie=user HashKey:Query=user", "HashKey", "must have exactly one of Header, Cookie and Query")]
    [InlineData("Policy=ConsistentHash HashKey:Cookie=user HashKey:Header=X-User", "HashKey", "must have exactly one of Header, Cookie and Query")]
    [InlineData("Policy=ConsistentHash HashKey=", "HashKey", "must have exactly one of Header, Cookie and Query")]
    [InlineData("Policy=ConsistentHash HashKey:Query=", "HashKey:Query", "is empty; must be the name of a query parameter")]
    // Waiting.
    [InlineData("Timeouts:Connect=00:00:06 Timeouts:Total=00:00:05", "Timeouts:Connect", "'00:00:06' is longer than Total, '00:00:05', which ends it first")]
    [InlineData("Timeouts:FirstByte=00:00:06 Timeouts:Total=00:00:05.5", "Timeouts:FirstByte", "'00:00:06' is longer than Total, '00:00:05.5', which ends it first")]
    [InlineData("Hedge:Delay=00:00:02 Timeouts:FirstByte=00:00:01", "Hedge:Delay", "'00:00:02' is longer than Timeouts:FirstByte, '00:00:01', which ends it first")]
    [InlineData("Hedge:MaxParallel=2 Timeouts:Total=00:00:00.1", "Hedge:Delay", "'00:00:00.2' is longer than Timeouts:Total, '00:00:00.1', which ends it first")]
    [InlineData("Retry:Attempts=1 Retry:Statuses:0=503", "Retry:Statuses", "cannot be used with Attempts 1: nothing is retried")]
    // Rates.
    [InlineData("RateLimit:Algorithm=FixedWindow RateLimit:Burst=5", "RateLimit:Burst", "cannot be used with Algorithm FixedWindow; needs TokenBucket")]
    [InlineData("RateLimit:Algorithm=SlidingWindow RateLimit:Burst=5", "RateLimit:Burst", "cannot be used with Algorithm SlidingWindow; needs TokenBucket")]
    [InlineData("RateLimit:Key=Header", "RateLimit:Header", "is missing; Key Header needs the header's name")]
    [InlineData("RateLimit:Header=X-Key", "RateLimit:Header", "cannot be used with Key ClientAddress; needs Key Header")]
    [InlineData("RateLimit:Key=Global RateLimit:Header=X-Key", "RateLimit:Header", "cannot be used with Key Global; needs Key Header")]
    [InlineData("RateLimit:Key=Header RateLimit:Header=", "RateLimit:Header", $"'' {Header}")]
    [InlineData("RateLimit:Key=Header RateLimit:Header=a:b", "RateLimit:Header", $"'a:b' {Header}")]
    // Splits.
    [InlineData("Split:Sticky=false Split:Cookie=c", "Split:Cookie", "cannot be used with Sticky false: no cookie is set")]
    [InlineData("Split:Cookie=c SessionAffinity:Cookie=c", "Split:Cookie", "'c' is the cookie of SessionAffinity; must be another")]
    [InlineData("Split:Cookie=lb-affinity-catalog", "Split:Cookie", "'lb-affinity-catalog' is the cookie of SessionAffinity; must be another")]
    [InlineData("Split:Sticky=true SessionAffinity:Cookie=lb-split-all", "Split:Cookie", "'lb-split-all' is the cookie of SessionAffinity; must be another")]
    public void What_cannot_be_used_together_is_named_with_the_reason(string keys, string reportedKey, string message) =>
        Assert.Equal(new ConfigurationError($"{All}:{reportedKey}", message), Reading.Error(Reading.ValidFile, Of(keys)));

    [Theory]
    [InlineData("SessionAffinity:Mode=Header SessionAffinity:Header=X-A SessionAffinity:WhenGone=Refuse")]
    [InlineData("SessionAffinity:Mode=Source SessionAffinity:Expiry=00:10:00")]
    [InlineData("SessionAffinity:SameSite=None")]
    [InlineData("Policy=ConsistentHash")]
    [InlineData("Policy=ConsistentHash SessionAffinity:Mode=Source")]
    [InlineData("Timeouts:Total=00:00:02")]
    [InlineData("Timeouts:Total=00:00:02 Timeouts:FirstByte=00:00:02 Timeouts:Connect=00:00:02 Hedge:Delay=00:00:02")]
    [InlineData("Timeouts:Total=00:00:02 Timeouts:Idle=01:00:00")]
    [InlineData("Retry:Attempts=1")]
    [InlineData("Retry:Attempts=2 Retry:Statuses:0=502 Retry:Statuses:1=503")]
    [InlineData("RateLimit:Burst=1 RateLimit:Requests=5")]
    [InlineData("RateLimit:Key=Header RateLimit:Header=X-Key RateLimit:Algorithm=SlidingWindow")]
    [InlineData("Split:Sticky=false Split:Pools:echo=100")]
    [InlineData("Split:Sticky=false SessionAffinity:Cookie=lb-split-all")]
    [InlineData("Split:Cookie=c SessionAffinity:Cookie=C")]
    [InlineData("Split:Pools:echo=0")]
    [InlineData("Mirror:Pool=ECHO Mirror:Percent=0")]
    [InlineData("Cache:Tags:0=products Cache:Tags:1=42")]
    [InlineData("Transforms:0:RequestHeader=X-Env Transforms:0:Set=dev")]
    public void What_can_be_used_together_is_allowed(string keys) => Reading.Valid(Reading.ValidFile, Of(keys));

    [Fact]
    public void A_hash_key_is_allowed_where_any_pool_of_the_route_hashes()
    {
        Reading.Valid(Reading.ValidFile, ("LoadBalancer:Pools:catalog:Policy", "ConsistentHash"), ($"{All}:HashKey:Cookie", "user"));
        Reading.Valid(Reading.ValidFile, ("LoadBalancer:Pools:canary:Policy", "ConsistentHash"), ($"{All}:HashKey:Cookie", "user"), ($"{All}:Split:Pools:canary", "5"));
    }

    [Theory]
    [InlineData(60, 40, null)]
    [InlineData(0, 100, null)]
    [InlineData(60, 41, "'101' percent together is out of range; must be 0 to 100")]
    [InlineData(100, 100, "'200' percent together is out of range; must be 0 to 100")]
    public void The_shares_of_a_split_are_at_most_100_together(int first, int second, string? message)
    {
        var result = Reading.Json(Reading.ValidFile, ("LoadBalancer:Pools:canary:Policy", "RoundRobin"), ($"{All}:Split:Pools:echo", $"{first}"), ($"{All}:Split:Pools:canary", $"{second}"));

        Assert.Equal(message is null ? [] : [new ConfigurationError($"{All}:Split:Pools", message)], result.Errors);
    }

    [Fact]
    public void Shares_that_overflow_are_named_too() => Assert.Contains(
        new ConfigurationError($"{All}:Split:Pools", "'4294967294' percent together is out of range; must be 0 to 100"),
        Reading.Json(Reading.ValidFile, ("LoadBalancer:Pools:canary:Policy", "RoundRobin"), ($"{All}:Split:Pools:echo", $"{int.MaxValue}"), ($"{All}:Split:Pools:canary", $"{int.MaxValue}")).Errors);

    [Theory]
    [InlineData("""{ "http": { "Address": "127.0.0.1:1" } }""", "{}", false)]
    [InlineData("""{ "http": { "Address": "127.0.0.1:1" }, "https": { "Address": "127.0.0.1:2", "Tls": {} } }""", "{}", true)]
    [InlineData("""{ "http": { "Address": "127.0.0.1:1" } }""", """{ "TrustedNetworks": ["127.0.0.1"] }""", true)]
    [InlineData("""{ "http": { "Address": "127.0.0.1:1", "ProxyProtocol": { "TrustedNetworks": ["127.0.0.1"] } } }""", "{}", true)]
    [InlineData("{}", "{}", true)]
    public void A_cookie_for_other_sites_needs_TLS_here_or_in_front(string listeners, string forwardedHeaders, bool valid)
    {
        var errors = Reading.Json($$"""
            {
              "LoadBalancer": {
                "Pools": { "p": {} },
                "Layer7": {
                  "Listeners": {{listeners}}, "ForwardedHeaders": {{forwardedHeaders}},
                  "Routes": { "r": { "Pool": "p", "SessionAffinity": { "SameSite": "None" } } }
                }
              }
            }
            """).Errors;

        Assert.Equal(
            valid ? [] : [new ConfigurationError($"{Layer7}:Routes:r:SessionAffinity:SameSite", "'None' works over TLS only, and no listener has Tls; must be Lax or Strict, or the proxy that ends TLS must be in ForwardedHeaders:TrustedNetworks")],
            errors);
    }

    [Fact]
    public void A_transform_without_keys_is_named() => Assert.Equal(
        new ConfigurationError($"{Layer7}:Routes:r:Transforms:1", "is empty; must be a transform such as { \"PathPrefix\": \"/v2\" }"),
        Reading.Error("""{ "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p", "Transforms": [{ "PathPrefix": "/v2" }, {}] } } } } }"""));

    [Fact]
    public void A_transform_whose_value_is_no_text_is_named() => Assert.Equal(
        new ConfigurationError($"{All}:Transforms:0:Set", "is an object or a list; must be a text"),
        Reading.Error(Reading.ValidFile, ($"{All}:Transforms:0:RequestHeader", "X-Env"), ($"{All}:Transforms:0:Set:0", "dev")));

    [Theory]
    [InlineData("1048576", null, true)]
    [InlineData("8388608", "8388608", true)]
    [InlineData("8388608", "8388609", false)]
    [InlineData("1048576", "1048577", false)]
    public void An_answer_that_is_stored_fits_in_the_memory(string size, string? entry, bool valid)
    {
        var errors = Reading.Json(Reading.ValidFile, [($"{Layer7}:Cache:MaxSize", size), .. entry is null ? Array.Empty<(string, string?)>() : [($"{Layer7}:Cache:MaxEntrySize", entry)]]).Errors;

        Assert.Equal(valid ? [] : [new ConfigurationError($"{Layer7}:Cache:MaxEntrySize", $"'{entry}' is more than MaxSize, '{size}', which all answers share")], errors);
    }

    [Fact]
    public void A_form_of_the_access_log_needs_a_file()
    {
        Assert.Equal(
            new ConfigurationError($"{Layer7}:AccessLog:Format", "'W3C' is the form of a file; needs File"),
            Reading.Error(Reading.ValidFile, ($"{Layer7}:AccessLog:Format", "W3C")));
        Reading.Valid(Reading.ValidFile, ($"{Layer7}:AccessLog:Format", "W3C"), ($"{Layer7}:AccessLog:File", "logs/access.log"));
        Reading.Valid(Reading.ValidFile, ($"{Layer7}:AccessLog:Format", "Combined"));
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("*.example.com")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("*")]
    public void A_host_name_of_every_form_is_allowed(string host) =>
        Assert.Equal([host], Reading.Valid(Reading.ValidFile, ($"{Layer7}:AllowedHosts:0", host)).Layer7.AllowedHosts);

    [Fact]
    public void Http3_needs_tls_and_cannot_follow_a_proxy()
    {
        Reading.Valid(Reading.ValidFile, ($"{Layer7}:Listeners:https:Protocols", "Http1AndHttp2AndHttp3"));
        Assert.Equal(
            new ConfigurationError($"{Layer7}:Listeners:http:Protocols", "'Http1AndHttp2AndHttp3' needs Tls, in whose handshake one is chosen; must be Http1 or Http2"),
            Reading.Error(Reading.ValidFile, ($"{Layer7}:Listeners:http:Protocols", "Http1AndHttp2AndHttp3")));
        Assert.Equal(
            new ConfigurationError($"{Layer7}:Listeners:https:ProxyProtocol", "cannot be used with Protocols Http1AndHttp2AndHttp3: QUIC has no place for the header"),
            Reading.Error(Reading.ValidFile, ($"{Layer7}:Listeners:https:Protocols", "Http1AndHttp2AndHttp3"), ($"{Layer7}:Listeners:https:ProxyProtocol:TrustedNetworks:0", "::1")));
        Reading.Valid(Reading.ValidFile, ($"{Layer7}:Listeners:https:ProxyProtocol:TrustedNetworks:0", "::1"));
    }

    [Fact]
    public void Http3_and_a_udp_listener_cannot_share_a_port()
    {
        (string, string?) udp = ("LoadBalancer:Layer4:Listeners:dns:Address", "127.0.0.1:8443");

        Assert.Equal(
            new ConfigurationError($"{Layer7}:Listeners:https:Address", "'127.0.0.1:8443' is taken by LoadBalancer:Layer4:Listeners:dns:Address; each listener must have its own"),
            Reading.Error(Reading.ValidFile, udp, ($"{Layer7}:Listeners:https:Protocols", "Http1AndHttp2AndHttp3")));
        Reading.Valid(Reading.ValidFile, udp);
    }

    [Fact]
    public void Http3_to_a_unix_socket_is_named()
    {
        (string, string?) socket = ("LoadBalancer:Pools:catalog:Backends:catalog-1:Address", "unix:/run/catalog.sock");

        Assert.Equal(
            new ConfigurationError("LoadBalancer:Pools:catalog:HttpVersion", "'Http3' cannot be used with 'unix:/run/catalog.sock': QUIC needs a UDP port; must be one of Auto, Http1, Http2"),
            Reading.Error(Reading.ValidFile, socket, ("LoadBalancer:Pools:catalog:HttpVersion", "Http3")));
        Reading.Valid(Reading.ValidFile, socket, ("LoadBalancer:Pools:catalog:HttpVersion", "Http2"));
        Reading.Valid(Reading.ValidFile, ("LoadBalancer:Pools:catalog:HttpVersion", "Http3"));
    }

    [Theory]
    [InlineData(null, "catalog", "lb-affinity-catalog", "lb-split-catalog")]
    [InlineData(null, "my pool.ü", "lb-affinity-my-pool.-", "lb-split-my-pool.-")]
    [InlineData("own", "catalog", "own", "own")]
    public void A_cookie_has_its_own_name_or_that_of_what_it_is_for(string? cookie, string name, string affinity, string split)
    {
        Assert.Equal(affinity, new SessionAffinityOptions { Cookie = cookie }.CookieFor(name));
        Assert.Equal(split, new SplitOptions { Cookie = cookie }.CookieFor(name));
    }

    private static (string Key, string? Value)[] Of(string keys) =>
        [.. keys.Split(' ').Select(pair => pair.Split('=', 2)).Select(pair => ($"{All}:{pair[0]}", (string?)pair[1]))];
}
