using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Tests;

public sealed class ConfigurationFileTests
{
    [Fact]
    public void A_written_file_reads_back_valid_and_equal()
    {
        var file = new ConfigurationFile
        {
            Schema = "https://example.com/schema.json",
            Services = { ["catalog"] = new() { ["http"] = ["http://127.0.0.1:5001", "http://127.0.0.1:5002"] }, ["echo"] = new() { ["tcp"] = [] } },
            Logging = JsonDocument.Parse("""{ "LogLevel": { "Default": "Debug" } }""").RootElement,
            LoadBalancer = new()
            {
                Name = "edge \"quoted\" ü",
                Admin = new() { Address = "[::1]:9081", Token = "a+\"secret\"<of>&22+bytes" },
                DrainTimeout = TimeSpan.FromMilliseconds(1250),
                Pools =
                {
                    ["catalog"] = new()
                    {
                        Service = "http://catalog",
                        Policy = SelectionPolicy.SourceHash,
                        HashTableSize = 1009,
                        MaxConnections = 11,
                        QueueLength = 0,
                        QueueTimeout = TimeSpan.FromMilliseconds(1),
                        SendProxyProtocol = ProxyProtocolVersion.V1,
                        OutlierEjection = new()
                        {
                            ConsecutiveFailures = 0,
                            ServerErrors = true,
                            FailurePercent = 100,
                            Window = TimeSpan.FromMinutes(10),
                            MinimumRequests = 1,
                            BaseTime = TimeSpan.FromSeconds(1),
                            MaxTime = TimeSpan.FromDays(1),
                        },
                        HttpVersion = BackendHttpVersion.Http1,
                        LatencyDecay = TimeSpan.FromMilliseconds(100),
                        PanicThreshold = 0,
                        KeepLastBackends = false,
                        SlowStart = TimeSpan.FromMinutes(1),
                        HealthCheck = new() { Type = HealthCheckType.Http, Path = "/health", Interval = TimeSpan.FromMinutes(1), Timeout = TimeSpan.FromSeconds(2), Rise = 3, Fall = 4 },
                        Backends = { ["catalog-1"] = new() { Address = "127.0.0.1:5001", Weight = 5, Priority = 15, MaxConnections = 3 }, ["catalog-2"] = new() { Address = "unix:/run/ü.sock" } },
                    },
                    ["echo"] = new() { HealthCheck = new() { Send = "\u0001\r\n\"", Expect = " " } },
                },
                Layer4 =
                {
                    Listeners =
                    {
                        ["echo"] = new()
                        {
                            Address = "localhost:7000",
                            Pool = "echo",
                            Policy = SelectionPolicy.LeastConnections,
                            ConnectTimeout = TimeSpan.FromSeconds(1),
                            ConnectAttempts = 4,
                            IdleTimeout = TimeSpan.FromDays(2),
                            HashKey = Layer4HashKey.SourceAddressAndPort,
                            SourcePrefix = new() { IPv4 = 8, IPv6 = 48 },
                            SourceAffinity = new() { Expiry = TimeSpan.FromDays(7), MaxEntries = 1 },
                            MaxConnections = 1_000_000,
                            QueueLength = 1,
                            QueueTimeout = TimeSpan.FromMinutes(10),
                            TlsRoutes = { ["r"] = new() { ServerNames = ["*.example.com"], Protocols = ["h2"], Pool = "catalog" } },
                            HelloTimeout = TimeSpan.FromMilliseconds(10),
                            MaxHelloSize = 512,
                            ProxyProtocol = new() { TrustedNetworks = ["::/0"], Timeout = TimeSpan.FromSeconds(1) },
                            AllowedNetworks = ["10.0.0.0/8", "127.0.0.1"],
                            DeniedNetworks = ["fd00::/8"],
                            ConnectionRate = new() { PerSecond = 1, Burst = 2 },
                            KeepAlive = new() { Time = TimeSpan.FromDays(1), Interval = TimeSpan.FromSeconds(1), Count = 1 },
                            NoDelay = false,
                            Backlog = 1,
                            ReusePort = true,
                        },
                        ["dns"] = new() { Address = "localhost:7000", Protocol = Layer4Protocol.Udp, Pool = "echo", MaxReplies = 1 },
                        ["kernel"] = new() { Address = "localhost:7001", Mode = Layer4Mode.Nat, Pool = "echo" },
                    },
                },
                Layer7 =
                {
                    Listeners =
                    {
                        ["http"] = new() { Address = "*:8080", Protocols = HttpListenerProtocols.Http2, RedirectToHttps = new() { Port = 8443 }, ProxyProtocol = new() { TrustedNetworks = ["::1"], Timeout = TimeSpan.FromMinutes(1) } },
                        ["https"] = new()
                        {
                            Address = "*:8443",
                            Tls = new()
                            {
                                Certificates = { ["shop"] = new() { Path = "shop.pem", ServerNames = ["shop.example"] } },
                                ClientCertificate = new() { TrustedCa = ["clients.pem"], CheckRevocation = true },
                            },
                        },
                        ["developer"] = new() { Address = "*:9443", Tls = new() },
                    },
                    Routes =
                    {
                        ["all"] = new()
                        {
                            Path = "/{**rest}",
                            Hosts = ["example.com"],
                            Methods = ["GET"],
                            Headers = { ["X-Version"] = ["1"], ["X-Any"] = [] },
                            Query = { ["q"] = ["a", "b"] },
                            Cookies = { ["beta"] = ["1"], ["any"] = [] },
                            Listeners = ["https", "http"],
                            Order = 7,
                            Pool = "catalog",
                            Policy = SelectionPolicy.ConsistentHash,
                            HashKey = new() { Query = "ü" },
                            RemovePrefix = "/all",
                            Transforms = [new() { ["RequestHeader"] = "X-\"quoted\"", ["Set"] = "" }, new() { ["PathPattern"] = "/v2/{**rest}" }],
                            Cache = new() { Duration = TimeSpan.FromSeconds(9), Tags = ["a", "b"] },
                            SessionAffinity = new() { Mode = SessionAffinityMode.Cookie, Cookie = "c", SameSite = CookieSameSite.None, WhenGone = AffinityFailure.Refuse, Expiry = TimeSpan.FromDays(30) },
                            Timeouts = new() { Connect = TimeSpan.FromSeconds(1), FirstByte = TimeSpan.FromSeconds(2), Total = TimeSpan.FromSeconds(3), Idle = TimeSpan.FromSeconds(4) },
                            Retry = new() { Attempts = 10, Budget = 100, BackOff = TimeSpan.Zero, Statuses = [500, 599] },
                            Hedge = new() { Delay = TimeSpan.FromMilliseconds(1), MaxParallel = 5 },
                            RateLimit = new() { Algorithm = RateLimitAlgorithm.TokenBucket, Requests = 1, Window = TimeSpan.FromDays(1), Burst = 2, Key = RateLimitKey.Header, Header = "X-Key" },
                            Concurrency = new() { Requests = 1, QueueLength = 0, QueueTimeout = TimeSpan.FromMilliseconds(1) },
                            MaxRequestBodySize = 1_000_000_000_000,
                            Split = new() { Pools = { ["echo"] = 100 }, Cookie = "s" },
                            Mirror = new() { Pool = "echo", Percent = 0, MaxBodySize = 0 },
                        },
                        ["header"] = new() { Pool = "catalog", Path = "/h", SessionAffinity = new() { Mode = SessionAffinityMode.Header, Header = "X-H" }, Cache = new() },
                        ["plain"] = new() { Pool = "catalog", Split = new() { Pools = { ["echo"] = 0 }, Sticky = false } },
                    },
                    Limits = new() { MaxConnections = 1, MaxRequestHeadersSize = 1024, MaxRequestLineSize = 256, RequestHeadersTimeout = TimeSpan.FromSeconds(1), KeepAliveTimeout = TimeSpan.FromHours(1) },
                    ForwardedHeaders = new() { Mode = ForwardedHeadersMode.None, TrustedNetworks = ["10.0.0.0/8"] },
                    AllowedHosts = ["*.example.com"],
                    Cache = new() { MaxSize = 1_048_576, MaxEntrySize = 1024 },
                    AccessLog = new() { File = "a.log", Format = AccessLogFormat.W3C, MaxFileSize = 65_536, KeptFiles = 0 },
                    AffinityKey = "a+\"secret\"<of>&22+bytes",
                    DetailedErrors = false,
                },
            },
        };

        var json = file.ToJson();
        var configuration = Reading.Configuration(json);
        var options = Reading.Valid(json);

        Assert.Equivalent(file.LoadBalancer, options, strict: true);
        Assert.Empty(ConfigurationReader.UnknownSections(configuration));
        Assert.Equal("http://127.0.0.1:5002", configuration["Services:catalog:http:1"]);
        Assert.Equal("Debug", configuration["Logging:LogLevel:Default"]);
    }

    [Fact]
    public void What_was_read_is_written_and_read_back_the_same()
    {
        var options = Reading.Valid(ReadingTests.EveryKey);

        Assert.Equivalent(options, Reading.Valid(new ConfigurationFile { LoadBalancer = options }.ToJson()), strict: true);
    }

    [Fact]
    public void A_file_of_defaults_reads_back_as_defaults()
    {
        var json = new ConfigurationFile().ToJson();

        Assert.Equivalent(new LoadBalancerOptions(), Reading.Valid(json), strict: true);
        Assert.Empty(ConfigurationReader.UnknownSections(Reading.Configuration(json)));
    }

    [Fact]
    public void What_is_not_set_is_not_written()
    {
        var json = new ConfigurationFile { LoadBalancer = { Pools = { ["p"] = new() }, Layer7 = { Routes = { ["r"] = new() { Pool = "p" } } } } }.ToJson();

        Assert.DoesNotContain("null", json, StringComparison.Ordinal);
        Assert.False(JsonNode.Parse(json)!["LoadBalancer"]!["Layer7"]!["Routes"]!["r"]!.AsObject().ContainsKey("Cache"));
        Assert.DoesNotContain("MaxConnections", json, StringComparison.Ordinal);
        Assert.DoesNotContain("Token", json, StringComparison.Ordinal);
        Assert.DoesNotContain("AffinityKey", json, StringComparison.Ordinal);
        Assert.DoesNotContain("AccessLog", json, StringComparison.Ordinal);
        Assert.DoesNotContain("$schema", json, StringComparison.Ordinal);
    }
}
