namespace LoadBalancer.Configuration.Tests;

public sealed class ReadingTests
{
    private const string EveryKey = """
        {
          "$schema": "docs/loadbalancer.schema.json",
          "LoadBalancer": {
            "Name": "edge",
            "Admin": { "Address": "127.0.0.1:9999" },
            "DrainTimeout": "00:00:07.5",
            "Pools": {
              "catalog": {
                "Service": "https+http://_admin.catalog",
                "Policy": "PowerOfTwoChoices",
                "HealthCheck": { "Type": "Http", "Path": "/health?full=1", "Interval": "00:00:03", "Timeout": "00:00:00.25", "Rise": 4, "Fall": 5 },
                "Backends": {
                  "catalog-1": { "Address": "127.0.0.1:5001", "Weight": 3 },
                  "catalog-2": { "Address": "[::1]:5002" }
                },
                "BackendTls": {
                  "TrustedCa": "ca.pem", "ServerName": "catalog.internal", "InsecureAllowUntrusted": false,
                  "ClientCertificate": { "Path": "own.pem", "KeyPath": "own.key", "Password": "one" }
                }
              }
            },
            "Layer4": {
              "Listeners": {
                "echo": {
                  "Address": "localhost:7000", "Pool": "catalog", "Policy": "SourceHash",
                  "ConnectTimeout": "00:00:01.5", "ConnectAttempts": 2, "IdleTimeout": "1.02:00:00"
                }
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
        Assert.Equal(TimeSpan.FromSeconds(7.5), options.DrainTimeout);

        var (poolName, pool) = Assert.Single(options.Pools);
        Assert.Equal("catalog", poolName);
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
        Assert.Equal(2, pool.Backends.Count);
        Assert.Equal(new BackendOptions { Address = "127.0.0.1:5001", Weight = 3 }, pool.Backends["catalog-1"]);
        Assert.Equal(new BackendOptions { Address = "[::1]:5002", Weight = 1 }, pool.Backends["catalog-2"]);

        var (layer4Name, layer4) = Assert.Single(options.Layer4.Listeners);
        Assert.Equal("echo", layer4Name);
        Assert.Equal(
            new Layer4ListenerOptions
            {
                Address = "localhost:7000",
                Pool = "catalog",
                Policy = SelectionPolicy.SourceHash,
                ConnectTimeout = TimeSpan.FromSeconds(1.5),
                ConnectAttempts = 2,
                IdleTimeout = TimeSpan.FromHours(26),
            },
            layer4);

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
        var named = Reading.Configuration(EveryKey).AsEnumerableKeys().SelectMany(key => key.Split(':')).ToHashSet(StringComparer.Ordinal);
        var properties = Contract.Properties().Select(property => property.Name);
        Assert.Empty(properties.Except(named));
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
            .Replace(": TRUE", ": true", StringComparison.Ordinal)
            .Replace(": FALSE", ": false", StringComparison.Ordinal));

        Assert.Equal(SelectionPolicy.PowerOfTwoChoices, options.Pools["catalog"].Policy);
        Assert.Equal(4, options.Pools["Catalog"].HealthCheck.Rise);
        Assert.Equal(TimeSpan.FromMinutes(1), options.Layer7.Routes["auth"].Cache?.Duration);
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
