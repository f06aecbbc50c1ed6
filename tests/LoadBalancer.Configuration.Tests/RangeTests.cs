namespace LoadBalancer.Configuration.Tests;

public sealed class RangeTests
{
    public static TheoryData<string, string, string, string, string> Ranges() => new()
    {
        { "LoadBalancer:DrainTimeout", "00:00:00", "01:00:00", "-00:00:01", "01:00:00.001" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Interval", "00:00:00.1", "01:00:00", "00:00:00.099", "01:00:01" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Timeout", "00:00:00.01", "00:01:00", "00:00:00.009", "00:01:01" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Rise", "1", "100", "0", "101" },
        { "LoadBalancer:Pools:catalog:HealthCheck:Fall", "1", "100", "-1", "101" },
        { "LoadBalancer:Pools:catalog:HashTableSize", "251", "5000011", "250", "5000012" },
        { "LoadBalancer:Pools:catalog:MaxConnections", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Pools:catalog:QueueLength", "0", "1000000", "-1", "1000001" },
        { "LoadBalancer:Pools:catalog:QueueTimeout", "00:00:00.001", "00:10:00", "00:00:00.0009999", "00:10:00.0000001" },
        { "LoadBalancer:Pools:catalog:PanicThreshold", "0", "100", "-1", "101" },
        { "LoadBalancer:Pools:catalog:SlowStart", "00:00:00", "01:00:00", "-00:00:00.0000001", "01:00:00.0000001" },
        { "LoadBalancer:Pools:catalog:OutlierEjection:ConsecutiveFailures", "0", "1000", "-1", "1001" },
        { "LoadBalancer:Pools:catalog:OutlierEjection:FailurePercent", "0", "100", "-1", "101" },
        { "LoadBalancer:Pools:catalog:OutlierEjection:Window", "00:00:01", "00:10:00", "00:00:00.9999999", "00:10:00.0000001" },
        { "LoadBalancer:Pools:catalog:OutlierEjection:MinimumRequests", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Pools:catalog:LatencyDecay", "00:00:00.1", "00:10:00", "00:00:00.0999999", "00:10:00.0000001" },
        { "LoadBalancer:Pools:catalog:OutlierEjection:BaseTime", "00:00:00.1", "01:00:00", "00:00:00.0999999", "01:00:00.0000001" },
        { "LoadBalancer:Pools:catalog:OutlierEjection:MaxTime", "00:00:00.1", "1.00:00:00", "00:00:00.0999999", "1.00:00:00.0000001" },
        { "LoadBalancer:Pools:catalog:Backends:catalog-1:Weight", "1", "256", "0", "257" },
        { "LoadBalancer:Pools:catalog:Backends:catalog-1:Priority", "0", "15", "-1", "16" },
        { "LoadBalancer:Pools:catalog:Backends:catalog-1:MaxConnections", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer4:Listeners:echo:ConnectTimeout", "00:00:00.01", "00:05:00", "00:00:00", "00:05:01" },
        { "LoadBalancer:Layer4:Listeners:echo:ConnectAttempts", "1", "16", "0", "17" },
        { "LoadBalancer:Layer4:Listeners:echo:IdleTimeout", "00:00:01", "7.00:00:00", "00:00:00.999", "7.00:00:01" },
        { "LoadBalancer:Layer4:Listeners:echo:MaxConnections", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer4:Listeners:echo:QueueLength", "0", "1000000", "-1", "1000001" },
        { "LoadBalancer:Layer4:Listeners:echo:QueueTimeout", "00:00:00.001", "00:10:00", "00:00:00.0009999", "00:10:00.0000001" },
        { "LoadBalancer:Layer4:Listeners:dns:MaxReplies", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer4:Listeners:echo:SourcePrefix:IPv4", "1", "32", "0", "33" },
        { "LoadBalancer:Layer4:Listeners:echo:SourcePrefix:IPv6", "1", "128", "0", "129" },
        { "LoadBalancer:Layer4:Listeners:echo:SourceAffinity:Expiry", "00:00:01", "7.00:00:00", "00:00:00.9999999", "7.00:00:00.0000001" },
        { "LoadBalancer:Layer4:Listeners:echo:SourceAffinity:MaxEntries", "1", "10000000", "0", "10000001" },
        { "LoadBalancer:Layer4:Listeners:tls:HelloTimeout", "00:00:00.01", "00:01:00", "00:00:00.0099999", "00:01:00.0000001" },
        { "LoadBalancer:Layer4:Listeners:tls:MaxHelloSize", "512", "65536", "511", "65537" },
        { "LoadBalancer:Layer4:Listeners:tls:ProxyProtocol:Timeout", "00:00:00.01", "00:01:00", "00:00:00.0099999", "00:01:00.0000001" },
        { "LoadBalancer:Layer4:Listeners:echo:ConnectionRate:PerSecond", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer4:Listeners:echo:ConnectionRate:Burst", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer4:Listeners:echo:KeepAlive:Time", "00:00:01", "1.00:00:00", "00:00:00.9999999", "1.00:00:00.0000001" },
        { "LoadBalancer:Layer4:Listeners:echo:KeepAlive:Interval", "00:00:01", "01:00:00", "00:00:00.9999999", "01:00:00.0000001" },
        { "LoadBalancer:Layer4:Listeners:echo:KeepAlive:Count", "1", "100", "0", "101" },
        { "LoadBalancer:Layer4:Listeners:echo:Backlog", "1", "65535", "0", "65536" },
        { "LoadBalancer:Layer7:Listeners:redirect:RedirectToHttps:Port", "1", "65535", "0", "65536" },
        { "LoadBalancer:Layer7:Routes:all:Cache:Duration", "00:00:01", "1.00:00:00", "00:00:00", "1.00:00:01" },
        { "LoadBalancer:Layer7:Listeners:proxied:ProxyProtocol:Timeout", "00:00:00.01", "00:01:00", "00:00:00.0099999", "00:01:00.0000001" },
        { "LoadBalancer:Layer7:Limits:MaxConnections", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer7:Limits:MaxRequestHeadersSize", "1024", "1048576", "1023", "1048577" },
        { "LoadBalancer:Layer7:Limits:MaxRequestLineSize", "256", "65536", "255", "65537" },
        { "LoadBalancer:Layer7:Limits:RequestHeadersTimeout", "00:00:01", "00:05:00", "00:00:00.9999999", "00:05:00.0000001" },
        { "LoadBalancer:Layer7:Limits:KeepAliveTimeout", "00:00:01", "01:00:00", "00:00:00.9999999", "01:00:00.0000001" },
        { "LoadBalancer:Layer7:Cache:MaxSize", "1048576", "2000000000", "1048575", "2000000001" },
        { "LoadBalancer:Layer7:Cache:MaxEntrySize", "1024", "1000000000", "1023", "1000000001" },
        { "LoadBalancer:Layer7:AccessLog:MaxFileSize", "65536", "2000000000", "65535", "2000000001" },
        { "LoadBalancer:Layer7:AccessLog:KeptFiles", "0", "100", "-1", "101" },
        { "LoadBalancer:Layer7:Routes:all:SessionAffinity:Expiry", "00:00:01", "30.00:00:00", "00:00:00.9999999", "30.00:00:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:Timeouts:Connect", "00:00:00.01", "00:05:00", "00:00:00.0099999", "00:05:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:Timeouts:FirstByte", "00:00:00.01", "01:00:00", "00:00:00.0099999", "01:00:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:Timeouts:Total", "00:00:00.01", "1.00:00:00", "00:00:00.0099999", "1.00:00:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:Timeouts:Idle", "00:00:00.1", "1.00:00:00", "00:00:00.0999999", "1.00:00:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:Retry:Attempts", "1", "10", "0", "11" },
        { "LoadBalancer:Layer7:Routes:all:Retry:Budget", "0", "100", "-1", "101" },
        { "LoadBalancer:Layer7:Routes:all:Retry:BackOff", "00:00:00", "00:00:10", "-00:00:00.0000001", "00:00:10.0000001" },
        { "LoadBalancer:Layer7:Routes:all:Hedge:Delay", "00:00:00.001", "00:01:00", "00:00:00.0009999", "00:01:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:Hedge:MaxParallel", "2", "5", "1", "6" },
        { "LoadBalancer:Layer7:Routes:all:RateLimit:Requests", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer7:Routes:all:RateLimit:Window", "00:00:00.1", "1.00:00:00", "00:00:00.0999999", "1.00:00:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:RateLimit:Burst", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer7:Routes:all:Concurrency:Requests", "1", "1000000", "0", "1000001" },
        { "LoadBalancer:Layer7:Routes:all:Concurrency:QueueLength", "0", "1000000", "-1", "1000001" },
        { "LoadBalancer:Layer7:Routes:all:Concurrency:QueueTimeout", "00:00:00.001", "00:10:00", "00:00:00.0009999", "00:10:00.0000001" },
        { "LoadBalancer:Layer7:Routes:all:MaxRequestBodySize", "0", "1000000000000", "-1", "1000000000001" },
        { "LoadBalancer:Layer7:Routes:hashed:Mirror:Percent", "0", "100", "-1", "101" },
        { "LoadBalancer:Layer7:Routes:hashed:Mirror:MaxBodySize", "0", "100000000", "-1", "100000001" },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Both_ends_of_a_range_are_allowed_and_what_is_outside_is_named(string key, string minimum, string maximum, string below, string above)
    {
        Reading.Valid(Reading.ValidFile, (key, minimum));
        Reading.Valid(Reading.ValidFile, (key, maximum));
        Assert.Equal(new ConfigurationError(key, $"'{below}' is out of range; must be {minimum} to {maximum}"), Reading.Error(Reading.ValidFile, (key, below)));
        Assert.Equal(new ConfigurationError(key, $"'{above}' is out of range; must be {minimum} to {maximum}"), Reading.Error(Reading.ValidFile, (key, above)));
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public void A_range_in_force_is_the_one_in_the_description(string key, string minimum, string maximum, string below, string above)
    {
        var description = Contract.PropertyAt(key)!.Description();
        Assert.Contains($"{minimum} to {maximum}", description, StringComparison.Ordinal);
        Assert.DoesNotContain($"{below} to ", description, StringComparison.Ordinal);
        Assert.DoesNotContain($" to {above}", description, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_range_in_a_description_is_tested()
    {
        var tested = Ranges().Select(row => Contract.PropertyAt(row.Data.Item1)!.FullName());
        var described = Contract.Properties().Where(property => property.Description()!.Contains(" to ", StringComparison.Ordinal));
        Assert.Empty(described.Where(IsNumberOrTime).Select(Contract.FullName).Except(tested));
    }

    [Fact]
    public void Every_number_and_time_has_a_range() =>
        Assert.Equal(
            // The order of routes may be any number.
            [$"{nameof(RouteOptions)}.{nameof(RouteOptions.Order)}"],
            Contract.Properties().Where(IsNumberOrTime).Select(Contract.FullName)
                .Except(Ranges().Select(row => Contract.PropertyAt(row.Data.Item1)!.FullName())));

    [Theory]
    [InlineData("Retry:Statuses:1", 500, 599)]
    [InlineData("Split:Pools:echo", 0, 100)]
    public void A_number_in_a_list_or_under_a_name_has_a_range_too(string key, int minimum, int maximum)
    {
        var full = $"LoadBalancer:Layer7:Routes:hashed:{key}";
        Reading.Valid(Reading.ValidFile, ("LoadBalancer:Layer7:Routes:hashed:Retry:Statuses:0", "502"), (full, $"{minimum}"));
        Reading.Valid(Reading.ValidFile, ("LoadBalancer:Layer7:Routes:hashed:Retry:Statuses:0", "502"), (full, $"{maximum}"));
        foreach (var outside in new[] { minimum - 1, maximum + 1 })
        {
            var errors = Reading.Json(Reading.ValidFile, ("LoadBalancer:Layer7:Routes:hashed:Retry:Statuses:0", "502"), (full, $"{outside}")).Errors;
            Assert.Contains(new ConfigurationError(full, $"'{outside}' is out of range; must be {minimum} to {maximum}"), errors);
        }
    }

    private static bool IsNumberOrTime(System.Reflection.PropertyInfo property) => property.Bare() == typeof(int) || property.Bare() == typeof(long) || property.Bare() == typeof(TimeSpan);
}
