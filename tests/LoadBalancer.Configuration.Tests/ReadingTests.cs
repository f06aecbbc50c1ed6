namespace LoadBalancer.Configuration.Tests;

public sealed class ReadingTests
{
    internal const string EveryKey = """
        {
          "$schema": "docs/loadbalancer.schema.json",
          "LoadBalancer": {
            "Name": "edge",
            "Admin": { "Address": "127.0.0.1:9999", "Token": "0123456789abcdef", "PrometheusMetrics": true },
            "DrainTimeout": "00:00:07.5",
            "Pools": {
              "catalog": {
                "Service": "https+http://_admin.catalog",
                "Policy": "PowerOfTwoChoices",
                "HashTableSize": 2053,
                "MaxConnections": 50,
                "QueueLength": 60,
                "QueueTimeout": "00:00:01.5",
                "SendProxyProtocol": "V2",
                "OutlierEjection": {
                  "ConsecutiveFailures": 7, "ServerErrors": true, "FailurePercent": 30, "Window": "00:00:15", "MinimumRequests": 12,
                  "BaseTime": "00:00:08", "MaxTime": "00:09:00"
                },
                "PanicThreshold": 40,
                "KeepLastBackends": false,
                "SlowStart": "00:00:20",
                "HealthCheck": { "Type": "Http", "Path": "/health?full=1", "Interval": "00:00:03", "Timeout": "00:00:00.25", "Rise": 4, "Fall": 5 },
                "Backends": {
                  "catalog-1": { "Address": "127.0.0.1:5001", "Weight": 3, "Priority": 2, "MaxConnections": 9 },
                  "catalog-2": { "Address": "[::1]:5002" },
                  "catalog-3": { "Address": "unix:/run/catalog.sock" }
                },
                "BackendTls": {
                  "TrustedCa": "ca.pem", "ServerName": "catalog.internal", "InsecureAllowUntrusted": false,
                  "ClientCertificate": { "Path": "own.pem", "KeyPath": "own.key", "Password": "one" }
                },
                "HttpVersion": "Http2",
                "LatencyDecay": "00:00:25"
              },
              "echo": { "HealthCheck": { "Type": "Tcp", "Send": "PING", "Expect": "PONG" } }
            },
            "Layer4": {
              "Listeners": {
                "echo": {
                  "Address": "localhost:7000", "Protocol": "Tcp", "Mode": "Relay", "Pool": "catalog", "Policy": "ConsistentHash",
                  "HashKey": "ServerName",
                  "SourcePrefix": { "IPv4": 24, "IPv6": 56 },
                  "SourceAffinity": { "Expiry": "00:45:00", "MaxEntries": 500 },
                  "ConnectTimeout": "00:00:01.5", "ConnectAttempts": 2, "IdleTimeout": "1.02:00:00",
                  "MaxConnections": 70, "QueueLength": 80, "QueueTimeout": "00:00:02.5",
                  "TlsRoutes": { "shop": { "ServerNames": ["shop.example.com", "*.example.org"], "Protocols": ["h2", "http/1.1"], "Pool": "echo" }, "any": { "Pool": "catalog" } },
                  "HelloTimeout": "00:00:03.5", "MaxHelloSize": 4096,
                  "ProxyProtocol": { "TrustedNetworks": ["10.0.0.0/8", "::1"], "Timeout": "00:00:04.5" },
                  "AllowedNetworks": ["192.168.0.0/16"], "DeniedNetworks": ["192.168.1.0/24", "192.168.2.1"],
                  "ConnectionRate": { "PerSecond": 30, "Burst": 45 },
                  "KeepAlive": { "Time": "00:02:00", "Interval": "00:00:15", "Count": 5 },
                  "NoDelay": false, "Backlog": 256, "ReusePort": true
                },
                "dns": { "Address": "localhost:7000", "Protocol": "Udp", "Pool": "echo", "MaxReplies": 4 },
                "kernel": { "Address": "localhost:7002", "Mode": "Nat", "Pool": "echo" }
              }
            },
            "Layer7": {
              "Listeners": {
                "http": {
                  "Address": "*:8080", "Protocols": "Http2", "RedirectToHttps": { "Port": 443 },
                  "ProxyProtocol": { "TrustedNetworks": ["10.1.0.0/16"], "Timeout": "00:00:05.5" }
                },
                "https": {
                  "Address": "*:8443",
                  "Tls": {
                    "Certificates": { "shop": { "Path": "shop.pem", "KeyPath": "shop.key", "Password": "two", "ServerNames": ["shop.example", "*.shop.example"] } },
                    "MinimumVersion": "Tls13",
                    "ClientCertificate": { "Mode": "Request", "TrustedCa": ["clients.pem"], "CheckRevocation": true, "ForwardHeader": "X-Client-Cert" }
                  }
                }
              },
              "Routes": {
                "auth": {
                  "Path": "/auth/{**rest}",
                  "Hosts": ["example.com", "*.example.org:8443"],
                  "Methods": ["GET", "PURGE"],
                  "Headers": { "X-Version": ["1", "2"], "X-Any": [] },
                  "Query": { "debug": ["yes"] },
                  "Cookies": { "beta": ["1", "2"], "seen": [] },
                  "Listeners": ["https"],
                  "Order": -3,
                  "Pool": "catalog",
                  "Policy": "ConsistentHash",
                  "HashKey": { "Header": "X-User" },
                  "RemovePrefix": "/auth",
                  "Transforms": [{ "PathPattern": "/v2/{**rest}" }, { "RequestHeader": "X-Env", "Set": "dev" }],
                  "Cache": { "Duration": "00:01:00", "Tags": ["auth", "v2"] },
                  "SessionAffinity": { "Mode": "Cookie", "Cookie": "sticky", "SameSite": "None", "WhenGone": "Refuse", "Expiry": "12:00:00" },
                  "Timeouts": { "Connect": "00:00:01.5", "FirstByte": "00:00:20", "Total": "00:05:00", "Idle": "00:00:50" },
                  "Retry": { "Attempts": 4, "Budget": 35, "BackOff": "00:00:00.05", "Statuses": [502, 503] },
                  "Hedge": { "Delay": "00:00:00.15", "MaxParallel": 3 },
                  "RateLimit": { "Algorithm": "TokenBucket", "Requests": 20, "Window": "00:00:02", "Burst": 40, "Key": "Header", "Header": "X-Api-Key" },
                  "Concurrency": { "Requests": 16, "QueueLength": 32, "QueueTimeout": "00:00:03" },
                  "MaxRequestBodySize": 5000000000,
                  "Split": { "Pools": { "echo": 10 }, "Sticky": true, "Cookie": "canary" },
                  "Mirror": { "Pool": "echo", "Percent": 5, "MaxBodySize": 4096 }
                },
                "by-cookie": { "Path": "/c", "Pool": "catalog", "Policy": "ConsistentHash", "HashKey": { "Cookie": "user" } },
                "by-query": { "Path": "/q", "Pool": "catalog", "Policy": "ConsistentHash", "HashKey": { "Query": "user" }, "SessionAffinity": { "Mode": "Header", "Header": "X-Affinity" } }
              },
              "Limits": { "MaxConnections": 900, "MaxRequestHeadersSize": 16384, "MaxRequestLineSize": 4096, "RequestHeadersTimeout": "00:00:10", "KeepAliveTimeout": "00:01:00" },
              "ForwardedHeaders": { "Mode": "Both", "TrustedNetworks": ["10.2.0.0/16", "::1"] },
              "AllowedHosts": ["example.com", "*.example.org"],
              "Cache": { "MaxSize": 33554432, "MaxEntrySize": 1048576 },
              "AccessLog": { "File": "access.log", "Format": "W3C", "MaxFileSize": 1000000, "KeptFiles": 3 },
              "AffinityKey": "fedcba9876543210",
              "DetailedErrors": true
            }
          },
          "Services": { "catalog": { "admin": ["http://127.0.0.1:5001", "[::1]:5002"] } },
          "Logging": { "LogLevel": { "Default": "Warning" } }
        }
        """;

    [Fact]
    public void Every_key_of_a_file_reaches_its_option()
    {
        var options = Reading.Valid(EveryKey);

        Assert.Equal("edge", options.Name);
        Assert.Equal("127.0.0.1:9999", options.Admin.Address);
        Assert.Equal("0123456789abcdef", options.Admin.Token);
        Assert.True(options.Admin.PrometheusMetrics);
        Assert.Equal(TimeSpan.FromSeconds(7.5), options.DrainTimeout);

        Assert.Equal(["catalog", "echo"], options.Pools.Keys.Order(StringComparer.Ordinal));
        var pool = options.Pools["catalog"];
        Assert.Equal("https+http://_admin.catalog", pool.Service);
        Assert.Equal(SelectionPolicy.PowerOfTwoChoices, pool.Policy);
        Assert.Equal(
            new HealthCheckOptions
            {
                Type = HealthCheckType.Http,
                Path = "/health?full=1",
                Interval = TimeSpan.FromSeconds(3),
                Timeout = TimeSpan.FromMilliseconds(250),
                Rise = 4,
                Fall = 5,
            },
            pool.HealthCheck);
        Assert.Equal(new HealthCheckOptions { Type = HealthCheckType.Tcp, Send = "PING", Expect = "PONG" }, options.Pools["echo"].HealthCheck);
        Assert.Equal(2053, pool.HashTableSize);
        Assert.Equal(50, pool.MaxConnections);
        Assert.Equal(60, pool.QueueLength);
        Assert.Equal(TimeSpan.FromSeconds(1.5), pool.QueueTimeout);
        Assert.Equal(ProxyProtocolVersion.V2, pool.SendProxyProtocol);
        Assert.Equal(
            new OutlierEjectionOptions
            {
                ConsecutiveFailures = 7,
                ServerErrors = true,
                FailurePercent = 30,
                Window = TimeSpan.FromSeconds(15),
                MinimumRequests = 12,
                BaseTime = TimeSpan.FromSeconds(8),
                MaxTime = TimeSpan.FromMinutes(9),
            },
            pool.OutlierEjection);
        Assert.Equal(BackendHttpVersion.Http2, pool.HttpVersion);
        Assert.Equal(TimeSpan.FromSeconds(25), pool.LatencyDecay);
        Assert.Equal(40, pool.PanicThreshold);
        Assert.False(pool.KeepLastBackends);
        Assert.Equal(TimeSpan.FromSeconds(20), pool.SlowStart);
        Assert.Equal(3, pool.Backends.Count);
        Assert.Equal(new BackendOptions { Address = "127.0.0.1:5001", Weight = 3, Priority = 2, MaxConnections = 9 }, pool.Backends["catalog-1"]);
        Assert.Equal(new BackendOptions { Address = "[::1]:5002", Weight = 1 }, pool.Backends["catalog-2"]);
        Assert.Equal(new BackendOptions { Address = "unix:/run/catalog.sock" }, pool.Backends["catalog-3"]);

        Assert.Equal(["dns", "echo", "kernel"], options.Layer4.Listeners.Keys.Order(StringComparer.Ordinal));
        Assert.Equivalent(
            new Layer4ListenerOptions
            {
                Address = "localhost:7000",
                Protocol = Layer4Protocol.Tcp,
                Mode = Layer4Mode.Relay,
                Pool = "catalog",
                Policy = SelectionPolicy.ConsistentHash,
                HashKey = Layer4HashKey.ServerName,
                SourcePrefix = new() { IPv4 = 24, IPv6 = 56 },
                SourceAffinity = new() { Expiry = TimeSpan.FromMinutes(45), MaxEntries = 500 },
                ConnectTimeout = TimeSpan.FromSeconds(1.5),
                ConnectAttempts = 2,
                IdleTimeout = TimeSpan.FromHours(26),
                MaxConnections = 70,
                QueueLength = 80,
                QueueTimeout = TimeSpan.FromSeconds(2.5),
                TlsRoutes =
                {
                    ["shop"] = new() { ServerNames = ["shop.example.com", "*.example.org"], Protocols = ["h2", "http/1.1"], Pool = "echo" },
                    ["any"] = new() { Pool = "catalog" },
                },
                HelloTimeout = TimeSpan.FromSeconds(3.5),
                MaxHelloSize = 4096,
                ProxyProtocol = new() { TrustedNetworks = ["10.0.0.0/8", "::1"], Timeout = TimeSpan.FromSeconds(4.5) },
                AllowedNetworks = ["192.168.0.0/16"],
                DeniedNetworks = ["192.168.1.0/24", "192.168.2.1"],
                ConnectionRate = new() { PerSecond = 30, Burst = 45 },
                KeepAlive = new() { Time = TimeSpan.FromMinutes(2), Interval = TimeSpan.FromSeconds(15), Count = 5 },
                NoDelay = false,
                Backlog = 256,
                ReusePort = true,
            },
            options.Layer4.Listeners["echo"],
            strict: true);
        Assert.Equivalent(
            new Layer4ListenerOptions { Address = "localhost:7000", Protocol = Layer4Protocol.Udp, Pool = "echo", MaxReplies = 4 },
            options.Layer4.Listeners["dns"],
            strict: true);
        Assert.Equivalent(
            new Layer4ListenerOptions { Address = "localhost:7002", Mode = Layer4Mode.Nat, Pool = "echo" },
            options.Layer4.Listeners["kernel"],
            strict: true);

        Assert.Equal(
            new BackendTlsOptions
            {
                TrustedCa = "ca.pem",
                ServerName = "catalog.internal",
                ClientCertificate = new() { Path = "own.pem", KeyPath = "own.key", Password = "one" },
            },
            pool.BackendTls);

        Assert.Equal(["http", "https"], options.Layer7.Listeners.Keys.Order());
        Assert.Equivalent(
            new Layer7ListenerOptions
            {
                Address = "*:8080",
                Protocols = HttpListenerProtocols.Http2,
                RedirectToHttps = new() { Port = 443 },
                ProxyProtocol = new() { TrustedNetworks = ["10.1.0.0/16"], Timeout = TimeSpan.FromSeconds(5.5) },
            },
            options.Layer7.Listeners["http"],
            strict: true);
        var tls = options.Layer7.Listeners["https"].Tls!;
        var (certificateName, certificate) = Assert.Single(tls.Certificates);
        Assert.Equal(("shop", "shop.pem", "shop.key", "two"), (certificateName, certificate.Path, certificate.KeyPath, certificate.Password));
        Assert.Equal(["shop.example", "*.shop.example"], certificate.ServerNames);
        Assert.Equal(TlsVersion.Tls13, tls.MinimumVersion);
        Assert.Equal((ClientCertificateMode.Request, true, "X-Client-Cert"), (tls.ClientCertificate!.Mode, tls.ClientCertificate.CheckRevocation, tls.ClientCertificate.ForwardHeader));
        Assert.Equal(["clients.pem"], tls.ClientCertificate.TrustedCa);

        Assert.Equal(["auth", "by-cookie", "by-query"], options.Layer7.Routes.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(new RouteHashKeyOptions { Cookie = "user" }, options.Layer7.Routes["by-cookie"].HashKey);
        Assert.Equal(new RouteHashKeyOptions { Query = "user" }, options.Layer7.Routes["by-query"].HashKey);
        Assert.Equal(new SessionAffinityOptions { Mode = SessionAffinityMode.Header, Header = "X-Affinity" }, options.Layer7.Routes["by-query"].SessionAffinity);
        var route = options.Layer7.Routes["auth"];
        Assert.Equal("/auth/{**rest}", route.Path);
        Assert.Equal(["example.com", "*.example.org:8443"], route.Hosts);
        Assert.Equal(["GET", "PURGE"], route.Methods);
        Assert.Equal(["X-Any", "X-Version"], route.Headers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["1", "2"], route.Headers["X-Version"]);
        Assert.Empty(route.Headers["X-Any"]);
        Assert.Equal(["yes"], Assert.Single(route.Query).Value);
        Assert.Equal(-3, route.Order);
        Assert.Equal("catalog", route.Pool);
        Assert.Equal(["1", "2"], route.Cookies["beta"]);
        Assert.Empty(route.Cookies["seen"]);
        Assert.Equal(["https"], route.Listeners);
        Assert.Equal(SelectionPolicy.ConsistentHash, route.Policy);
        Assert.Equal(new RouteHashKeyOptions { Header = "X-User" }, route.HashKey);
        Assert.Equal("/auth", route.RemovePrefix);
        Assert.Equal([new() { ["PathPattern"] = "/v2/{**rest}" }, new() { ["RequestHeader"] = "X-Env", ["Set"] = "dev" }], route.Transforms);
        Assert.Equivalent(new RouteCacheOptions { Duration = TimeSpan.FromMinutes(1), Tags = ["auth", "v2"] }, route.Cache, strict: true);
        Assert.Equal(
            new SessionAffinityOptions { Mode = SessionAffinityMode.Cookie, Cookie = "sticky", SameSite = CookieSameSite.None, WhenGone = AffinityFailure.Refuse, Expiry = TimeSpan.FromHours(12) },
            route.SessionAffinity);
        Assert.Equal(
            new RouteTimeoutOptions { Connect = TimeSpan.FromSeconds(1.5), FirstByte = TimeSpan.FromSeconds(20), Total = TimeSpan.FromMinutes(5), Idle = TimeSpan.FromSeconds(50) },
            route.Timeouts);
        Assert.Equivalent(new RetryOptions { Attempts = 4, Budget = 35, BackOff = TimeSpan.FromMilliseconds(50), Statuses = [502, 503] }, route.Retry, strict: true);
        Assert.Equal(new HedgeOptions { Delay = TimeSpan.FromMilliseconds(150), MaxParallel = 3 }, route.Hedge);
        Assert.Equal(
            new RateLimitOptions { Algorithm = RateLimitAlgorithm.TokenBucket, Requests = 20, Window = TimeSpan.FromSeconds(2), Burst = 40, Key = RateLimitKey.Header, Header = "X-Api-Key" },
            route.RateLimit);
        Assert.Equal(new ConcurrencyLimitOptions { Requests = 16, QueueLength = 32, QueueTimeout = TimeSpan.FromSeconds(3) }, route.Concurrency);
        Assert.Equal(5_000_000_000, route.MaxRequestBodySize);
        Assert.Equivalent(new SplitOptions { Pools = { ["echo"] = 10 }, Sticky = true, Cookie = "canary" }, route.Split, strict: true);
        Assert.Equal(new MirrorOptions { Pool = "echo", Percent = 5, MaxBodySize = 4096 }, route.Mirror);

        var layer7 = options.Layer7;
        Assert.Equal(
            new Layer7LimitsOptions
            {
                MaxConnections = 900,
                MaxRequestHeadersSize = 16_384,
                MaxRequestLineSize = 4096,
                RequestHeadersTimeout = TimeSpan.FromSeconds(10),
                KeepAliveTimeout = TimeSpan.FromMinutes(1),
            },
            layer7.Limits);
        Assert.Equivalent(new ForwardedHeadersOptions { Mode = ForwardedHeadersMode.Both, TrustedNetworks = ["10.2.0.0/16", "::1"] }, layer7.ForwardedHeaders, strict: true);
        Assert.Equal(["example.com", "*.example.org"], layer7.AllowedHosts);
        Assert.Equal(new Layer7CacheOptions { MaxSize = 33_554_432, MaxEntrySize = 1_048_576 }, layer7.Cache);
        Assert.Equal(new AccessLogOptions { File = "access.log", Format = AccessLogFormat.W3C, MaxFileSize = 1_000_000, KeptFiles = 3 }, layer7.AccessLog);
        Assert.Equal("fedcba9876543210", layer7.AffinityKey);
        Assert.True(layer7.DetailedErrors);
    }

    [Fact]
    public void The_file_that_names_every_key_names_every_property_of_the_contract()
    {
        // Guards the test above: a property that is added must be added there.
        var named = Reading.Configuration(EveryKey).AsEnumerableKeys()
            .Where(key => key.StartsWith("LoadBalancer:", StringComparison.Ordinal))
            .Select(key => Contract.PropertyAt(key)?.FullName());
        Assert.Empty(Contract.Properties().Select(Contract.FullName).Except(named));
    }

    [Fact]
    public void An_environment_variable_overrides_the_file()
    {
        var options = Reading.Valid(
            EveryKey,
            ("LoadBalancer:Name", "from-environment"),
            ("LoadBalancer:Pools:catalog:HealthCheck:Rise", "9"),
            ("LoadBalancer:Pools:catalog:Backends:catalog-2:Weight", "7"),
            ("LoadBalancer:Layer7:Routes:auth:Methods:1", "POST"),
            ("LoadBalancer:Layer4:Listeners:second:Address", "127.0.0.1:7001"),
            ("LoadBalancer:Layer4:Listeners:second:Pool", "catalog"));

        Assert.Equal("from-environment", options.Name);
        Assert.Equal(9, options.Pools["catalog"].HealthCheck.Rise);
        Assert.Equal(5, options.Pools["catalog"].HealthCheck.Fall);
        Assert.Equal(new BackendOptions { Address = "[::1]:5002", Weight = 7 }, options.Pools["catalog"].Backends["catalog-2"]);
        Assert.Equal(["GET", "POST"], options.Layer7.Routes["auth"].Methods);
        Assert.Equal("127.0.0.1:7001", options.Layer4.Listeners["second"].Address);
        Assert.Equal("localhost:7000", options.Layer4.Listeners["echo"].Address);
    }

    [Fact]
    public void Keys_and_names_of_enumerations_have_no_case()
    {
        var options = Reading.Valid(EveryKey.ToUpperInvariant()
            .Replace("\"$SCHEMA\"", "\"$schema\"", StringComparison.Ordinal)
            // JSON's own words have one.
            .Replace("TRUE", "true", StringComparison.Ordinal).Replace("FALSE", "false", StringComparison.Ordinal));

        Assert.Equal(SelectionPolicy.PowerOfTwoChoices, options.Pools["catalog"].Policy);
        Assert.Equal(4, options.Pools["Catalog"].HealthCheck.Rise);
        Assert.Equal(TimeSpan.FromMinutes(1), options.Layer7.Routes["auth"].Cache?.Duration);
        Assert.Equal(Layer4Protocol.Udp, options.Layer4.Listeners["dns"].Protocol);
        Assert.Equal("ECHO", options.Layer4.Listeners["echo"].TlsRoutes["Shop"].Pool);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("FALSE", false)]
    public void A_switch_of_an_environment_variable_has_no_case(string text, bool expected)
    {
        var listener = Reading.Valid(Reading.ValidFile, ("LoadBalancer:Layer4:Listeners:echo:NoDelay", text), ("LoadBalancer:Layer4:Listeners:echo:ReusePort", text)).Layer4.Listeners["echo"];

        Assert.Equal(expected, listener.NoDelay);
        Assert.Equal(expected, listener.ReusePort);
    }

    [Fact]
    public void A_reference_to_a_pool_has_no_case()
    {
        var options = Reading.Valid(Reading.ValidFile, ("LoadBalancer:Layer4:Listeners:echo:Pool", "ECHO"), ("LoadBalancer:Layer7:Routes:all:Pool", "Catalog"));

        Assert.True(options.Pools.ContainsKey(options.Layer4.Listeners["echo"].Pool!));
        Assert.Equal("tcp://echo", options.ServiceOf("echo"));
    }

    [Fact]
    public void Header_and_query_names_have_no_case()
    {
        var route = Reading.Valid(EveryKey).Layer7.Routes["AUTH"];

        Assert.True(route.Headers.ContainsKey("x-version"));
        Assert.True(route.Query.ContainsKey("DEBUG"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "LoadBalancer": {} }""")]
    [InlineData("""{ "LoadBalancer": null, "Services": null }""")]
    [InlineData("""{ "LoadBalancer": { "Admin": {}, "Pools": {}, "Layer4": { "Listeners": {} }, "Layer7": { "Listeners": {}, "Routes": {} } }, "Services": {} }""")]
    public void An_empty_file_is_valid_and_has_nothing_but_defaults(string json)
    {
        var options = Reading.Valid(json);

        Assert.Equal("loadbalancer", options.Name);
        Assert.Equal(new AdminOptions(), options.Admin);
        Assert.Empty(options.Pools);
        Assert.Empty(options.Layer4.Listeners);
        Assert.Empty(options.Layer7.Listeners);
        Assert.Empty(options.Layer7.Routes);
    }

    [Fact]
    public void An_entry_without_keys_is_an_entry_with_defaults()
    {
        var options = Reading.Valid(Reading.ValidFile);

        Assert.Equal(new HealthCheckOptions(), options.Pools["echo"].HealthCheck);
        Assert.Equal(new RouteCacheOptions(), options.Layer7.Routes["all"].Cache);
        Assert.Equal(new SessionAffinityOptions(), options.Layer7.Routes["all"].SessionAffinity);
        Assert.Null(Reading.Valid(Reading.ValidFile.Replace(", \"Cache\": {}", "", StringComparison.Ordinal)).Layer7.Routes["all"].Cache);
    }

    [Fact]
    public void An_object_without_keys_switches_on_what_is_off_when_absent()
    {
        const string Template = """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer4": { "Listeners": { "l": { "Address": "127.0.0.1:1", "Pool": "p"REST } } } } }""";
        var given = Reading.Valid(Template.Replace("REST", """, "SourceAffinity": {}, "ConnectionRate": {}, "KeepAlive": {}, "SourcePrefix": {}, "TlsRoutes": {}""", StringComparison.Ordinal)).Layer4.Listeners["l"];
        var absent = Reading.Valid(Template.Replace("REST", "", StringComparison.Ordinal)).Layer4.Listeners["l"];

        Assert.Equal(new SourceAffinityOptions(), given.SourceAffinity);
        Assert.Equal(new ConnectionRateOptions(), given.ConnectionRate);
        Assert.Equal(new TcpKeepAliveOptions(), given.KeepAlive);
        Assert.Equal(new SourcePrefixOptions(), given.SourcePrefix);
        Assert.Empty(given.TlsRoutes);
        Assert.Null(absent.SourceAffinity);
        Assert.Null(absent.ConnectionRate);
        Assert.Null(absent.KeepAlive);
        Assert.Null(absent.ProxyProtocol);
    }

    [Fact]
    public void An_object_of_a_route_without_keys_switches_on_what_is_off_when_absent()
    {
        const string Template = """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p"REST } }LAST } } }""";
        const string Rest = """, "Hedge": {}, "RateLimit": {}, "Concurrency": {}, "Split": {}, "SessionAffinity": {}, "Timeouts": {}, "Retry": {}""";
        var given = Reading.Valid(Template.Replace("REST", Rest, StringComparison.Ordinal).Replace("LAST", """, "AccessLog": {}""", StringComparison.Ordinal)).Layer7;
        var absent = Reading.Valid(Template.Replace("REST", "", StringComparison.Ordinal).Replace("LAST", "", StringComparison.Ordinal)).Layer7;

        Assert.Equal(new AccessLogOptions(), given.AccessLog);
        Assert.Null(absent.AccessLog);
        var (on, off) = (given.Routes["r"], absent.Routes["r"]);
        Assert.Equal(new HedgeOptions(), on.Hedge);
        Assert.Equal(new RateLimitOptions(), on.RateLimit);
        Assert.Equal(new ConcurrencyLimitOptions(), on.Concurrency);
        Assert.Equivalent(new SplitOptions(), on.Split, strict: true);
        Assert.Equal((off.Timeouts, off.Retry), (on.Timeouts, on.Retry));
        Assert.Equal(((object?)null, (object?)null, (object?)null, (object?)null, (object?)null), (off.Hedge, off.RateLimit, off.Concurrency, off.Split, off.Mirror));
    }

    [Fact]
    public void Names_of_a_split_and_of_cookies_are_found_as_they_are_meant()
    {
        var route = Reading.Valid(EveryKey).Layer7.Routes["auth"];

        Assert.True(route.Split!.Pools.ContainsKey("ECHO"));
        Assert.False(route.Cookies.ContainsKey("BETA"));
    }

    [Theory]
    [InlineData("9223372036854775807", null)]
    [InlineData("9223372036854775808", "'9223372036854775808' is not allowed; must be a whole number")]
    [InlineData("1e9", "'1e9' is not allowed; must be a whole number")]
    [InlineData("10 MB", "'10 MB' is not allowed; must be a whole number")]
    public void A_long_number_is_read_as_one(string text, string? message) => Assert.Equal(
        message ?? $"'{text}' is out of range; must be 0 to 1000000000000",
        Reading.Error(Reading.ValidFile, ("LoadBalancer:Layer7:Routes:all:MaxRequestBodySize", text)).Message);

    [Fact]
    public void Values_of_transforms_are_texts_whatever_their_json_type()
    {
        var transforms = Reading.Valid("""
            { "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p", "Transforms": [{ "RequestHeader": "X", "Append": 5 }, { "RequestHeadersCopy": false }] } } } } }
            """).Layer7.Routes["r"].Transforms;

        Assert.Equal([new() { ["RequestHeader"] = "X", ["Append"] = "5" }, new() { ["RequestHeadersCopy"] = "False" }], transforms);
    }

    [Fact]
    public void Empty_lists_are_lists_without_entries()
    {
        var options = Reading.Valid("""
            { "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p", "Hosts": [], "Methods": [], "Headers": {}, "Query": { "q": [] } } } } } }
            """);

        var route = options.Layer7.Routes["r"];
        Assert.Empty(route.Hosts);
        Assert.Empty(route.Methods);
        Assert.Empty(route.Headers);
        Assert.Empty(route.Query["q"]);
    }

    [Fact]
    public void A_value_of_null_leaves_the_default()
    {
        var options = Reading.Valid("""{ "LoadBalancer": { "Name": null, "DrainTimeout": null, "Pools": { "p": { "Policy": null, "HealthCheck": { "Rise": null } } } } }""");

        Assert.Equal("loadbalancer", options.Name);
        Assert.Equal(TimeSpan.FromSeconds(5), options.DrainTimeout);
        Assert.Equal(SelectionPolicy.RoundRobin, options.Pools["p"].Policy);
        Assert.Equal(2, options.Pools["p"].HealthCheck.Rise);
    }

    [Fact]
    public void An_entry_of_a_number_or_a_text_that_is_null_is_none()
    {
        var route = Reading.Valid("""
            { "LoadBalancer": { "Pools": { "p": {}, "q": {} }, "Layer7": { "Routes": { "r": {
              "Pool": "p", "Split": { "Pools": { "q": null } }, "Retry": { "Statuses": [null, 503] }, "Transforms": [{ "PathPrefix": "/v2", "Set": null }] } } } } }
            """).Layer7.Routes["r"];

        Assert.Empty(route.Split!.Pools);
        Assert.Equal([503], route.Retry.Statuses);
        Assert.Equal([new() { ["PathPrefix"] = "/v2" }], route.Transforms);
    }

    [Fact]
    public void Names_of_every_kind_of_entry_may_have_spaces_dots_and_unicode()
    {
        var options = Reading.Valid("""
            { "LoadBalancer": { "Pools": { "my pool.ü": { "Service": "http://catalog" } }, "Layer7": { "Routes": { "the first": { "Pool": "My Pool.Ü" } } } } }
            """);

        Assert.Equal("http://catalog", options.Pools["my pool.ü"].Service);
    }
}
