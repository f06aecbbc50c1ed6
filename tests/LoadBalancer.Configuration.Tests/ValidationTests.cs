namespace LoadBalancer.Configuration.Tests;

public sealed class ValidationTests
{
    private const string Listen = "must be an IP address ([::1] in brackets), 'localhost' or '*', then ':' and a port from 0 to 65535";
    private const string Policies = "must be one of RoundRobin, LeastConnections, PowerOfTwoChoices, SourceHash, WeightedRoundRobin, Random, ConsistentHash, First, PeakEwma";
    private const string Time = "must be a time as [d.]hh:mm:ss[.fff], such as 00:00:05";

    [Theory]
    // Values that do not parse.
    [InlineData("LoadBalancer:DrainTimeout", "5", $"'5' is not allowed; {Time}")]
    [InlineData("LoadBalancer:DrainTimeout", "soon", $"'soon' is not allowed; {Time}")]
    [InlineData("LoadBalancer:DrainTimeout", "24:00:00", $"'24:00:00' is not allowed; {Time}")]
    [InlineData("LoadBalancer:DrainTimeout", "00:60:00", $"'00:60:00' is not allowed; {Time}")]
    [InlineData("LoadBalancer:Pools:catalog:Policy", "Rendezvous", $"'Rendezvous' is not allowed; {Policies}")]
    [InlineData("LoadBalancer:Pools:catalog:Policy", "0", $"'0' is not allowed; {Policies}")]
    [InlineData("LoadBalancer:Pools:catalog:Policy", "RoundRobin, SourceHash", $"'RoundRobin, SourceHash' is not allowed; {Policies}")]
    [InlineData("LoadBalancer:Pools:catalog:Policy", "", $"'' is not allowed; {Policies}")]
    [InlineData("LoadBalancer:Pools:catalog:HealthCheck:Type", "Ping", "'Ping' is not allowed; must be one of None, Tcp, Http")]
    [InlineData("LoadBalancer:Pools:catalog:HealthCheck:Rise", "many", "'many' is not allowed; must be a whole number")]
    [InlineData("LoadBalancer:Pools:catalog:HealthCheck:Rise", "2.5", "'2.5' is not allowed; must be a whole number")]
    [InlineData("LoadBalancer:Pools:catalog:HealthCheck:Rise", "99999999999", "'99999999999' is not allowed; must be a whole number")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Policy", "none", $"'none' is not allowed; {Policies}")]
    [InlineData("LoadBalancer:Layer7:Listeners:http:Protocols", "Http3", "'Http3' is not allowed; must be one of Http1, Http2, Http1AndHttp2, Http1AndHttp2AndHttp3")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Order", "first", "'first' is not allowed; must be a whole number")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Policy", "Sticky", $"'Sticky' is not allowed; {Policies}")]
    [InlineData("LoadBalancer:Pools:catalog:SendProxyProtocol", "V3", "'V3' is not allowed; must be one of None, V1, V2")]
    [InlineData("LoadBalancer:Pools:catalog:MaxConnections", "unlimited", "'unlimited' is not allowed; must be a whole number")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Protocol", "Sctp", "'Sctp' is not allowed; must be one of Tcp, Udp")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Mode", "Dsr", "'Dsr' is not allowed; must be one of Relay, Nat")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:HashKey", "Cookie", "'Cookie' is not allowed; must be one of SourceAddress, SourceAddressAndPort, ServerName")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:IdleTimeout", "600", $"'600' is not allowed; {Time}")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:NoDelay", "yes", "'yes' is not allowed; must be true or false")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:NoDelay", "1", "'1' is not allowed; must be true or false")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:ReusePort", "", "'' is not allowed; must be true or false")]
    // Text that must have a form.
    [InlineData("LoadBalancer:Name", " ", "is empty; must be a name")]
    [InlineData("LoadBalancer:Admin:Address", "9080", $"'9080' is not an address; {Listen}")]
    [InlineData("LoadBalancer:Admin:Address", "*:9080", "'*:9080' is not on loopback; must be localhost, 127.0.0.1 or [::1] and a port")]
    [InlineData("LoadBalancer:Admin:Address", "10.0.0.1:9080", "'10.0.0.1:9080' is not on loopback; must be localhost, 127.0.0.1 or [::1] and a port")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Address", "localhost", $"'localhost' is not an address; {Listen}")]
    [InlineData("LoadBalancer:Layer7:Listeners:http:Address", "example.com:80", $"'example.com:80' is not an address; {Listen}")]
    [InlineData("LoadBalancer:Layer7:Listeners:http:Address", "localhost:0", "'localhost:0' is two addresses that cannot share a free port; must be 127.0.0.1:0 or [::1]:0")]
    [InlineData("LoadBalancer:Pools:catalog:Service", "http://a b", "'http://a b' is not a service name; must be [scheme://][_endpoint.]name, such as http://catalog")]
    [InlineData("LoadBalancer:Pools:catalog:Service", "", "'' is not a service name; must be [scheme://][_endpoint.]name, such as http://catalog")]
    [InlineData("LoadBalancer:Pools:catalog:Service", "http://catalog/path", "'http://catalog/path' is not a service name; must be [scheme://][_endpoint.]name, such as http://catalog")]
    [InlineData("LoadBalancer:Pools:catalog:HealthCheck:Path", "health", "'health' is not a path; must start with '/' and have no white space")]
    [InlineData("LoadBalancer:Pools:catalog:HealthCheck:Path", "/a b", "'/a b' is not a path; must start with '/' and have no white space")]
    [InlineData("LoadBalancer:Pools:catalog:Backends:catalog-1:Address", "127.0.0.1", "'127.0.0.1' is not an address; must be host:port or unix:/path")]
    [InlineData("LoadBalancer:Pools:catalog:Backends:catalog-1:Address", "http://127.0.0.1:80", "'http://127.0.0.1:80' is not an address; must be host:port or unix:/path")]
    [InlineData("LoadBalancer:Pools:catalog:Backends:catalog-1:Address", "host:65536", "'host:65536' is not an address; must be host:port or unix:/path")]
    [InlineData("LoadBalancer:Pools:catalog:Backends:catalog-1:Address", "host:0", "'host:0' is not an address; must be host:port or unix:/path")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Path", "about", "'about' is not a path; must start with '/' and have no white space")]
    [InlineData("LoadBalancer:Layer7:Routes:all:RemovePrefix", "about", "'about' is not a path; must start with '/' and have no white space")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Methods:0", "GET POST", "'GET POST' is not an HTTP method; must be a token such as GET")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Hosts:0", "http://example.com", "'http://example.com' is not a host; must be a name such as example.com, *.example.com or example.com:8080")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Hosts:0", "example.*", "'example.*' is not a host; must be a name such as example.com, *.example.com or example.com:8080")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Headers:X Version:0", "1", "'X Version' is not a header name; must be a token such as X-Version", "LoadBalancer:Layer7:Routes:all:Headers:X Version")]
    [InlineData("LoadBalancer:Layer7:Routes:all:SessionAffinity:Cookie", "a;b", "'a;b' is not a cookie name; must be a token (RFC 6265 section 4.1.1)")]
    [InlineData("LoadBalancer:Layer7:Routes:all:SessionAffinity:Cookie", "", "'' is not a cookie name; must be a token (RFC 6265 section 4.1.1)")]
    [InlineData("LoadBalancer:Pools:catalog:Service", "http://catalog\n", "'http://catalog\n' is not a service name; must be [scheme://][_endpoint.]name, such as http://catalog")]
    [InlineData("LoadBalancer:Pools:catalog:Backends:catalog-1:Address", "127.0.0.1:80\n", "'127.0.0.1:80\n' is not an address; must be host:port or unix:/path")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Methods:0", "GET\n", "'GET\n' is not an HTTP method; must be a token such as GET")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Hosts:0", "example.com\n", "'example.com\n' is not a host; must be a name such as example.com, *.example.com or example.com:8080")]
    // TLS.
    [InlineData("LoadBalancer:Layer7:Listeners:http:Protocols", "Http1AndHttp2", "'Http1AndHttp2' needs Tls, in whose handshake one is chosen; must be Http1 or Http2")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:MinimumVersion", "Tls11", "'Tls11' is not allowed; must be one of Tls12, Tls13")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:Path", "", "is missing; must be a PEM or PFX file")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:ServerNames:0", "https://shop.example", "'https://shop.example' is not a server name; must be a name such as example.com or *.example.com")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:ServerNames:0", "*", "'*' is not a server name; must be a name such as example.com or *.example.com")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:ServerNames:1", "SHOP.example", "'SHOP.example' is a name of certificate 'shop'; each must have its own")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:ClientCertificate:Mode", "Maybe", "'Maybe' is not allowed; must be one of None, Request, Require")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:ClientCertificate:CheckRevocation", "1", "'1' is not allowed; must be true or false")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:ClientCertificate:ForwardHeader", "X Cert", "'X Cert' is not a header name; must be a token such as X-Client-Cert")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:RedirectToHttps:Port", "443", "is on a listener with Tls; must be on one without", "LoadBalancer:Layer7:Listeners:https:RedirectToHttps")]
    [InlineData("LoadBalancer:Layer7:Listeners:redirect:RedirectToHttps:Port", "0", "'0' is out of range; must be 1 to 65535")]
    [InlineData("LoadBalancer:Pools:catalog:BackendTls:ServerName", "https://a", "'https://a' is not a server name; must be a name such as catalog.internal")]
    [InlineData("LoadBalancer:Pools:catalog:BackendTls:InsecureAllowUntrusted", "true", "is true beside TrustedCa, which would then not count; must be one of the two")]
    [InlineData("LoadBalancer:Pools:catalog:BackendTls:ClientCertificate:Path", "", "is missing; must be a PEM or PFX file")]
    // References and clashes.
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Pool", "nosuch", "'nosuch' is not a pool; allowed are catalog, echo")]
    [InlineData("LoadBalancer:Layer4:Listeners:tls:TlsRoutes:shop:Pool", "nosuch", "'nosuch' is not a pool; allowed are catalog, echo")]
    [InlineData("LoadBalancer:Layer4:Listeners:tls:Pool", "nosuch", "'nosuch' is not a pool; allowed are catalog, echo")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Pool", "nosuch", "'nosuch' is not a pool; allowed are catalog, echo")]
    [InlineData("LoadBalancer:Layer7:Listeners:http:Address", "127.0.0.1:7000", "'127.0.0.1:7000' is taken by LoadBalancer:Layer4:Listeners:echo:Address; each listener must have its own")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Address", "LOCALHOST:9080", "'localhost:9080' is taken by LoadBalancer:Admin:Address; each listener must have its own")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Address", "*:9080", "'*:9080' is taken by LoadBalancer:Admin:Address; each listener must have its own")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Address", "[::1]:9080", "'[::1]:9080' is taken by LoadBalancer:Admin:Address; each listener must have its own")]
    [InlineData("LoadBalancer:Pools:catalog:Backends:other:Address", "127.0.0.1:5001", "'127.0.0.1:5001' is the address of catalog-1 and other; each must have its own", "LoadBalancer:Pools:catalog:Backends")]
    public void A_bad_value_is_named_with_its_key_and_what_is_allowed(string key, string value, string message, string? reportedKey = null)
    {
        var error = Reading.Error(Reading.ValidFile, (key, value));

        Assert.Equal(new ConfigurationError(reportedKey ?? key, message), error);
        Assert.Equal($"{reportedKey ?? key}: {message}", error.ToString());
    }

    [Theory]
    [InlineData("Name", """{ "LoadBalancer": { "Name": {} } }""", null)]
    [InlineData("Name", """{ "LoadBalancer": { "Name": { "a": "b" } } }""", "is an object or a list; must be a text")]
    [InlineData("DrainTimeout", """{ "LoadBalancer": { "DrainTimeout": ["00:00:01"] } }""", $"is an object or a list; {Time}")]
    [InlineData("Pools:p:Policy", """{ "LoadBalancer": { "Pools": { "p": { "Policy": { "a": 1 } } } } }""", $"is an object or a list; {Policies}")]
    [InlineData("Admin", """{ "LoadBalancer": { "Admin": "localhost:1" } }""", "'localhost:1' is not allowed here; must be an object")]
    [InlineData("Pools", """{ "LoadBalancer": { "Pools": "p" } }""", "'p' is not allowed here; must be an object")]
    [InlineData("Pools:0", """{ "LoadBalancer": { "Pools": ["p"] } }""", "'p' is not allowed here; must be an object")]
    [InlineData("Pools:p", """{ "LoadBalancer": { "Pools": { "p": 5 } } }""", "'5' is not allowed here; must be an object")]
    [InlineData("Pools:p:HealthCheck", """{ "LoadBalancer": { "Pools": { "p": { "HealthCheck": "Tcp" } } } }""", "'Tcp' is not allowed here; must be an object")]
    [InlineData("Layer7:Routes:r:Methods", """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p", "Methods": "GET" } } } } }""", "'GET' is not allowed here; must be a list")]
    [InlineData("Layer7:Routes:r:Headers:X-A", """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p", "Headers": { "X-A": "1" } } } } } }""", "'1' is not allowed here; must be a list")]
    [InlineData("Layer7:Routes:r:Hosts:a", """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p", "Hosts": { "a": "b" } } } } } }""", "is not an index; must be a list")]
    [InlineData("Pools:p:OutlierEjection", """{ "LoadBalancer": { "Pools": { "p": { "OutlierEjection": 5 } } } }""", "'5' is not allowed here; must be an object")]
    [InlineData("Layer4:Listeners:l:NoDelay", """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer4": { "Listeners": { "l": { "Address": "127.0.0.1:1", "Pool": "p", "NoDelay": [true] } } } } }""", "is an object or a list; must be true or false")]
    [InlineData("Layer4:Listeners:l:AllowedNetworks", """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer4": { "Listeners": { "l": { "Address": "127.0.0.1:1", "Pool": "p", "AllowedNetworks": "10.0.0.0/8" } } } } }""", "'10.0.0.0/8' is not allowed here; must be a list")]
    [InlineData("Layer4:Listeners:l:TlsRoutes", """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer4": { "Listeners": { "l": { "Address": "127.0.0.1:1", "Pool": "p", "TlsRoutes": "p" } } } } }""", "'p' is not allowed here; must be an object")]
    [InlineData("Layer7:Routes:r:Cache", """{ "LoadBalancer": { "Pools": { "p": {} }, "Layer7": { "Routes": { "r": { "Pool": "p", "Cache": true } } } } }""", "'True' is not allowed here; must be an object")]
    public void A_value_of_the_wrong_shape_is_named(string key, string json, string? message)
    {
        if (message is null)
        {
            Reading.Valid(json);
            return;
        }

        Assert.Equal(new ConfigurationError($"LoadBalancer:{key}", message), Reading.Error(json));
    }

    [Theory]
    [InlineData("LoadBalancer", "\"on\"", "'on' is not allowed here; must be an object")]
    [InlineData("LoadBalancer:0", "[{}]", "unknown key; allowed are Name, Admin, DrainTimeout, Pools, Layer4, Layer7")]
    public void A_section_of_the_wrong_shape_is_named(string key, string section, string message) =>
        Assert.Equal(new ConfigurationError(key, message), Reading.Error($$"""{ "LoadBalancer": {{section}} }"""));

    [Theory]
    [InlineData("Layer4", "Address", $"is missing; {Listen}")]
    [InlineData("Layer7", "Address", $"is missing; {Listen}")]
    public void A_listener_needs_an_address(string layer, string key, string message)
    {
        var json = $$"""{ "LoadBalancer": { "Pools": { "p": {} }, "{{layer}}": { "Listeners": { "l": { {{(layer == "Layer4" ? "\"Pool\": \"p\"" : "")}} } } } } }""";
        Assert.Equal(new ConfigurationError($"LoadBalancer:{layer}:Listeners:l:{key}", message), Reading.Error(json));
    }

    [Theory]
    [InlineData("""{ "Layer4": { "Listeners": { "x": { "Address": "127.0.0.1:1" } } }, "Pools": { "b": {}, "A": {} } }""", "Layer4:Listeners:x", "is missing; must be a pool: allowed are A, b")]
    [InlineData("""{ "Layer7": { "Routes": { "x": {} } }, "Pools": { "p": {} } }""", "Layer7:Routes:x", "is missing; must be a pool: allowed are p")]
    [InlineData("""{ "Layer7": { "Routes": { "x": {} } } }""", "Layer7:Routes:x", "is missing; must be a pool: none is configured under LoadBalancer:Pools")]
    [InlineData("""{ "Layer7": { "Routes": { "x": { "Pool": "p" } } } }""", "Layer7:Routes:x", "'p' is not a pool; none is configured under LoadBalancer:Pools")]
    public void A_listener_and_a_route_need_a_pool(string section, string key, string message) =>
        Assert.Equal(new ConfigurationError($"LoadBalancer:{key}:Pool", message), Reading.Error($$"""{ "LoadBalancer": {{section}} }"""));

    [Theory]
    [InlineData("""{ "a": { "Address": "127.0.0.1:1", "RedirectToHttps": {} } }""", "a:RedirectToHttps:Port", "is missing, and no listener has Tls; must be a port from 1 to 65535")]
    [InlineData("""{ "a": { "Address": "127.0.0.1:1", "RedirectToHttps": {} }, "b": { "Address": "127.0.0.1:2", "Tls": {} }, "c": { "Address": "127.0.0.1:3", "Tls": {} } }""", "a:RedirectToHttps:Port", "is missing, and b and c have Tls; must be a port from 1 to 65535")]
    [InlineData("""{ "a": { "Address": "127.0.0.1:1", "Tls": { "ClientCertificate": {} } } }""", "a:Tls:ClientCertificate:TrustedCa", "is missing; must be a list of files with certificates of authorities")]
    [InlineData("""{ "a": { "Address": "127.0.0.1:1", "Tls": { "Certificates": { "x": {} } } } }""", "a:Tls:Certificates:x:Path", "is missing; must be a PEM or PFX file")]
    [InlineData("""{ "a": { "Address": "127.0.0.1:1", "Tls": { "Certificates": { "x": { "Path": "x.pem" }, "y": { "Path": "y.pem" } } } } }""", "a:Tls:Certificates:y:ServerNames", "is empty, as with certificate 'x'; only one can be for all other names")]
    public void What_TLS_needs_and_what_it_must_not_have_twice_is_named(string listeners, string key, string message) =>
        Assert.Equal(new ConfigurationError($"LoadBalancer:Layer7:Listeners:{key}", message), Reading.Error($$"""{ "LoadBalancer": { "Layer7": { "Listeners": {{listeners}} } } }"""));

    [Fact]
    public void Both_versions_of_HTTP_are_the_default_with_TLS()
    {
        var listeners = Reading.Valid(Reading.ValidFile).Layer7.Listeners;

        Assert.Equal(HttpListenerProtocols.Http1, listeners["http"].ProtocolsOrDefault());
        Assert.Equal(HttpListenerProtocols.Http1AndHttp2, listeners["https"].ProtocolsOrDefault());
    }

    [Fact]
    public void A_named_backend_needs_an_address() => Assert.Equal(
        new ConfigurationError("LoadBalancer:Pools:p:Backends:one:Address", "is missing; must be host:port or unix:/path"),
        Reading.Error("""{ "LoadBalancer": { "Pools": { "p": { "Backends": { "one": { "Weight": 2 } } } } } }"""));

    [Fact]
    public void A_pool_whose_name_cannot_be_resolved_needs_a_service() => Assert.Equal(
        new ConfigurationError("LoadBalancer:Pools:my pool:Service", "is missing, and 'my pool' is not a service name; must be [scheme://][_endpoint.]name, such as http://catalog"),
        Reading.Error("""{ "LoadBalancer": { "Pools": { "my pool": {} } } }"""));

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("[::1]:0")]
    public void Listeners_that_take_a_free_port_do_not_clash(string address) =>
        Reading.Valid(Reading.ValidFile, ("LoadBalancer:Layer4:Listeners:echo:Address", address), ("LoadBalancer:Layer7:Listeners:http:Address", address));

    [Theory]
    [InlineData("http://catalog")]
    [InlineData("https+http://catalog")]
    [InlineData("catalog")]
    [InlineData("_admin.catalog")]
    [InlineData("http://_admin.catalog")]
    [InlineData("https://example.com:8443")]
    [InlineData("tcp://127.0.0.1:9000")]
    [InlineData("http://[::1]:5000")]
    public void A_service_name_of_every_form_is_allowed(string service) =>
        Assert.Equal(service, Reading.Valid(Reading.ValidFile, ("LoadBalancer:Pools:catalog:Service", service)).Pools["catalog"].Service);

    [Theory]
    [InlineData("example.com")]
    [InlineData("*.example.com")]
    [InlineData("localhost:8080")]
    [InlineData("[::1]:8080")]
    [InlineData("127.0.0.1")]
    [InlineData("my_host")]
    [InlineData("*:8080")]
    public void A_host_of_every_form_is_allowed(string host) =>
        Assert.Equal([host], Reading.Valid(Reading.ValidFile, ("LoadBalancer:Layer7:Routes:all:Hosts:0", host)).Layer7.Routes["all"].Hosts);

    [Fact]
    public void Every_error_is_named_in_one_run()
    {
        var result = Reading.Json(
            Reading.ValidFile,
            ("LoadBalancer:Nmae", "x"),
            ("LoadBalancer:DrainTimeout", "5"),
            ("LoadBalancer:Pools:catalog:Policy", "Rendezvous"),
            ("LoadBalancer:Pools:catalog:HealthCheck:Rise", "0"),
            ("LoadBalancer:Pools:catalog:Backends:catalog-1:Weight", "257"),
            ("LoadBalancer:Layer4:Listeners:echo:Pool", "nosuch"),
            ("LoadBalancer:Layer7:Listeners:http:Address", "8080"),
            ("LoadBalancer:Layer7:Routes:all:Path", "about"),
            ("LoadBalancer:Layer7:Routes:all:Methods:0", "A B"),
            ("LoadBalancer:Layer7:Routes:all:Methods:1", "C D"),
            ("Services:catalog:http:0", "nonsense"));

        Assert.Null(result.Options);
        Assert.Equal(
            [
                "LoadBalancer:DrainTimeout",
                "LoadBalancer:Layer4:Listeners:echo:Pool",
                "LoadBalancer:Layer7:Listeners:http:Address",
                "LoadBalancer:Layer7:Routes:all:Methods:0",
                "LoadBalancer:Layer7:Routes:all:Methods:1",
                "LoadBalancer:Layer7:Routes:all:Path",
                "LoadBalancer:Nmae",
                "LoadBalancer:Pools:catalog:Backends:catalog-1:Weight",
                "LoadBalancer:Pools:catalog:HealthCheck:Rise",
                "LoadBalancer:Pools:catalog:Policy",
                "Services:catalog:http:0",
            ],
            result.Errors.Select(error => error.Key).Order(StringComparer.Ordinal));
    }
}
