namespace LoadBalancer.Configuration.Tests;

public sealed class ReadingTests
{
    internal const string EveryKey = """
        {
          "$schema": "docs/loadbalancer.schema.json",
          "LoadBalancer": {
            "Name": "edge",
            "Admin": { "Address": "127.0.0.1:9999", "Token": "0123456789abcdef" },
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
                "OutlierEjection": { "ConsecutiveFailures": 7, "BaseTime": "00:00:08", "MaxTime": "00:09:00" },
                "PanicThreshold": 40,
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
                }
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
                "http": { "Address": "*:8080", "Protocols": "Http2", "RedirectToHttps": { "Port": 443 } },
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
                  "Order": -3,
                  "Pool": "catalog",
                  "Policy": "LeastConnections",
                  "RemovePrefix": "/auth",
                  "Cache": { "Duration": "00:01:00" },
                  "SessionAffinity": { "Cookie": "sticky" }
                }
              }
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
        Assert.Equal(new OutlierEjectionOptions { ConsecutiveFailures = 7, BaseTime = TimeSpan.FromSeconds(8), MaxTime = TimeSpan.FromMinutes(9) }, pool.OutlierEjection);
        Assert.Equal(40, pool.PanicThreshold);
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
        Assert.Equal(new Layer7ListenerOptions { Address = "*:8080", Protocols = HttpListenerProtocols.Http2, RedirectToHttps = new() { Port = 443 } }, options.Layer7.Listeners["http"]);
        var tls = options.Layer7.Listeners["https"].Tls!;
        var (certificateName, certificate) = Assert.Single(tls.Certificates);
        Assert.Equal(("shop", "shop.pem", "shop.key", "two"), (certificateName, certificate.Path, certificate.KeyPath, certificate.Password));
        Assert.Equal(["shop.example", "*.shop.example"], certificate.ServerNames);
        Assert.Equal(TlsVersion.Tls13, tls.MinimumVersion);
        Assert.Equal((ClientCertificateMode.Request, true, "X-Client-Cert"), (tls.ClientCertificate!.Mode, tls.ClientCertificate.CheckRevocation, tls.ClientCertificate.ForwardHeader));
        Assert.Equal(["clients.pem"], tls.ClientCertificate.TrustedCa);

        var (routeName, route) = Assert.Single(options.Layer7.Routes);
        Assert.Equal("auth", routeName);
        Assert.Equal("/auth/{**rest}", route.Path);
        Assert.Equal(["example.com", "*.example.org:8443"], route.Hosts);
        Assert.Equal(["GET", "PURGE"], route.Methods);
        Assert.Equal(["X-Any", "X-Version"], route.Headers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["1", "2"], route.Headers["X-Version"]);
        Assert.Empty(route.Headers["X-Any"]);
        Assert.Equal(["yes"], Assert.Single(route.Query).Value);
        Assert.Equal(-3, route.Order);
        Assert.Equal("catalog", route.Pool);
        Assert.Equal(SelectionPolicy.LeastConnections, route.Policy);
        Assert.Equal("/auth", route.RemovePrefix);
        Assert.Equal(new RouteCacheOptions { Duration = TimeSpan.FromMinutes(1) }, route.Cache);
        Assert.Equal(new SessionAffinityOptions { Cookie = "sticky" }, route.SessionAffinity);
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
    public void Names_of_every_kind_of_entry_may_have_spaces_dots_and_unicode()
    {
        var options = Reading.Valid("""
            { "LoadBalancer": { "Pools": { "my pool.ü": { "Service": "http://catalog" } }, "Layer7": { "Routes": { "the first": { "Pool": "My Pool.Ü" } } } } }
            """);

        Assert.Equal("http://catalog", options.Pools["my pool.ü"].Service);
    }
}
