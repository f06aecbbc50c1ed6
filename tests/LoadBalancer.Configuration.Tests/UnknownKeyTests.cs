namespace LoadBalancer.Configuration.Tests;

public sealed class UnknownKeyTests
{
    [Theory]
    [InlineData("LoadBalancer:Pool", "Name, Admin, DrainTimeout, Pools, Layer4, Layer7")]
    [InlineData("LoadBalancer:Admin:Port", "Address, Token, PrometheusMetrics")]
    [InlineData("LoadBalancer:Pools:catalog:Weight", "Service, Policy, HashTableSize, MaxConnections, QueueLength, QueueTimeout, SendProxyProtocol, OutlierEjection, PanicThreshold, KeepLastBackends, SlowStart, HealthCheck, Backends, BackendTls, HttpVersion, LatencyDecay")]
    [InlineData("LoadBalancer:Pools:catalog:OutlierEjection:Failures", "ConsecutiveFailures, ServerErrors, FailurePercent, Window, MinimumRequests, BaseTime, MaxTime")]
    [InlineData("LoadBalancer:Pools:catalog:HealthCheck:Intervall", "Type, Path, Send, Expect, Interval, Timeout, Rise, Fall")]
    [InlineData("LoadBalancer:Pools:catalog:Backends:catalog-1:Wieght", "Address, Weight, Priority, MaxConnections")]
    [InlineData("LoadBalancer:Layer4:Routes", "Listeners")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:Protocols", "Address, Protocol, Mode, Pool, Policy, HashKey, SourcePrefix, SourceAffinity, ConnectTimeout, ConnectAttempts, IdleTimeout, MaxConnections, QueueLength, QueueTimeout, MaxReplies, TlsRoutes, HelloTimeout, MaxHelloSize, ProxyProtocol, AllowedNetworks, DeniedNetworks, ConnectionRate, KeepAlive, NoDelay, Backlog, ReusePort")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:SourcePrefix:Ipv5", "IPv4, IPv6")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:SourceAffinity:Duration", "Expiry, MaxEntries")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:ConnectionRate:PerMinute", "PerSecond, Burst")]
    [InlineData("LoadBalancer:Layer4:Listeners:echo:KeepAlive:Idle", "Time, Interval, Count")]
    [InlineData("LoadBalancer:Layer4:Listeners:tls:ProxyProtocol:Version", "TrustedNetworks, Timeout")]
    [InlineData("LoadBalancer:Layer4:Listeners:tls:TlsRoutes:shop:Hosts", "ServerNames, Protocols, Pool")]
    [InlineData("LoadBalancer:Layer7:Listener", "Listeners, Routes, Limits, ForwardedHeaders, AllowedHosts, Cache, AccessLog, AffinityKey, DetailedErrors")]
    [InlineData("LoadBalancer:Layer7:Listeners:http:Pool", "Address, Protocols, Tls, RedirectToHttps, ProxyProtocol")]
    [InlineData("LoadBalancer:Layer7:Listeners:http:RedirectToHttps:Host", "Port")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:Certificate", "Certificates, MinimumVersion, ClientCertificate")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:File", "Path, KeyPath, Password, ServerNames")]
    [InlineData("LoadBalancer:Layer7:Listeners:https:Tls:ClientCertificate:Ca", "Mode, TrustedCa, CheckRevocation, ForwardHeader")]
    [InlineData("LoadBalancer:Pools:catalog:BackendTls:Ca", "TrustedCa, ServerName, ClientCertificate, InsecureAllowUntrusted")]
    [InlineData("LoadBalancer:Pools:catalog:BackendTls:ClientCertificate:File", "Path, KeyPath, Password")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Host", "Path, Hosts, Methods, Headers, Query, Cookies, Listeners, Order, Pool, Policy, HashKey, RemovePrefix, Transforms, Cache, SessionAffinity, Timeouts, Retry, Hedge, RateLimit, Concurrency, MaxRequestBodySize, Split, Mirror")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Cache:Ttl", "Duration, Tags")]
    [InlineData("LoadBalancer:Layer7:Routes:all:SessionAffinity:Name", "Mode, Cookie, SameSite, Header, WhenGone, Expiry")]
    [InlineData("LoadBalancer:Layer7:Routes:hashed:HashKey:Path", "Header, Cookie, Query")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Timeouts:Read", "Connect, FirstByte, Total, Idle")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Retry:Count", "Attempts, Budget, BackOff, Statuses")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Hedge:After", "Delay, MaxParallel")]
    [InlineData("LoadBalancer:Layer7:Routes:all:RateLimit:PerSecond", "Algorithm, Requests, Window, Burst, Key, Header")]
    [InlineData("LoadBalancer:Layer7:Routes:all:Concurrency:Max", "Requests, QueueLength, QueueTimeout")]
    [InlineData("LoadBalancer:Layer7:Routes:hashed:Split:Percent", "Pools, Sticky, Cookie")]
    [InlineData("LoadBalancer:Layer7:Routes:hashed:Mirror:Share", "Pool, Percent, MaxBodySize")]
    [InlineData("LoadBalancer:Layer7:Limits:MaxBody", "MaxConnections, MaxRequestHeadersSize, MaxRequestLineSize, RequestHeadersTimeout, KeepAliveTimeout")]
    [InlineData("LoadBalancer:Layer7:ForwardedHeaders:KnownProxies", "Mode, TrustedNetworks")]
    [InlineData("LoadBalancer:Layer7:Cache:Size", "MaxSize, MaxEntrySize")]
    [InlineData("LoadBalancer:Layer7:AccessLog:Path", "File, Format, MaxFileSize, KeptFiles")]
    public void An_unknown_key_is_named_with_those_that_are_allowed(string key, string allowed)
    {
        Assert.Equal(new ConfigurationError(key, $"unknown key; allowed are {allowed}"), Reading.Error(Reading.ValidFile, (key, "x")));
        Assert.Equal(new ConfigurationError(key, $"unknown key; allowed are {allowed}"), Reading.Error(Reading.ValidFile, ($"{key}:inner", "x")));
    }

    [Fact]
    public void What_options_compute_is_no_key() =>
        Assert.StartsWith("unknown key", Reading.Error(Reading.ValidFile, ("LoadBalancer:Layer4:Listeners:echo:IdleTimeoutOrDefault", "00:00:01")).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_record_has_a_row_in_the_theory_above()
    {
        var rows = typeof(UnknownKeyTests).GetMethod(nameof(An_unknown_key_is_named_with_those_that_are_allowed))!
            .GetCustomAttributes(typeof(InlineDataAttribute), inherit: false).Length;
        Assert.Equal(Contract.Records().Count(), rows);
    }

    [Fact]
    public void An_unknown_section_of_a_file_is_named()
    {
        var file = Reading.Configuration("""{ "$schema": "x", "loadbalancer": {}, "services": {}, "LOGGING": {}, "LoadBalancers": {}, "Kestrel": { "a": 1 } }""");

        Assert.Equal(
            [
                new ConfigurationError("Kestrel", "unknown key; allowed are $schema, LoadBalancer, Services, Logging"),
                new ConfigurationError("LoadBalancers", "unknown key; allowed are $schema, LoadBalancer, Services, Logging"),
            ],
            ConfigurationReader.UnknownSections(file).OrderBy(error => error.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Sections_that_an_environment_brings_are_no_concern_of_the_reader() =>
        Reading.Valid(Reading.ValidFile, ("PATH", "/bin"), ("OTEL_SERVICE_NAME", "x"));
}
