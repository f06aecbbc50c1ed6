using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Tests;

public sealed partial class DefaultsTests
{
    public static TheoryData<string, string> Documented() =>
        new(from property in Contract.Properties()
            let match = DefaultClause().Match(property.Description() ?? "")
            where match.Success && property.Default() is not null
            select ($"{property.DeclaringType!.Name}.{property.Name}", match.Groups["value"].Value));

    [Theory]
    [MemberData(nameof(Documented))]
    public void A_default_in_a_description_is_the_default_in_force(string property, string documented)
    {
        var found = Contract.Properties().Single(p => $"{p.DeclaringType!.Name}.{p.Name}" == property);
        var text = Convert.ToString(found.Default(), System.Globalization.CultureInfo.InvariantCulture);
        // Zeros at the end of a time's fraction say nothing.
        text = found.Default() is TimeSpan && text!.Contains('.') ? text.TrimEnd('0') : text;
        // As JSON writes them.
        Assert.Equal(documented, found.Default() is bool ? text!.ToLowerInvariant() : text);
    }

    [Fact]
    public void Every_plain_default_is_in_its_description()
    {
        var silent = Contract.Properties()
            .Where(property => property.Default() is string or int or long or bool or TimeSpan or Enum && !DefaultClause().IsMatch(property.Description() ?? ""))
            .Select(property => $"{property.DeclaringType!.Name}.{property.Name}");
        Assert.Empty(silent);
    }

    [Fact]
    public void Every_property_of_the_contract_is_described() =>
        Assert.Empty(Contract.Properties().Where(property => string.IsNullOrWhiteSpace(property.Description())).Select(property => $"{property.DeclaringType!.Name}.{property.Name}"));

    [Fact]
    public void The_fixed_points_that_other_projects_rely_on_are_as_documented()
    {
        var options = new LoadBalancerOptions();
        Assert.Equal("localhost:9080", options.Admin.Address);
        Assert.Equal(TimeSpan.FromSeconds(5), options.DrainTimeout);
        Assert.Equal(SelectionPolicy.RoundRobin, new PoolOptions().Policy);
        Assert.Equal(HealthCheckType.Tcp, new PoolOptions().HealthCheck.Type);
        Assert.Equal(3, new Layer4ListenerOptions().ConnectAttempts);
        Assert.Null(options.Admin.Token);
        Assert.False(options.Admin.PrometheusMetrics);
        Assert.Equal(Layer4Protocol.Tcp, new Layer4ListenerOptions().Protocol);
        Assert.Equal(Layer4Mode.Relay, new Layer4ListenerOptions().Mode);
        Assert.True(new Layer4ListenerOptions().NoDelay);
        Assert.Null(new Layer4ListenerOptions().MaxConnections);
        Assert.Null(new PoolOptions().MaxConnections);
        Assert.Equal(ProxyProtocolVersion.None, new PoolOptions().SendProxyProtocol);
        Assert.Null(new RouteCacheOptions().Duration);
        Assert.Null(options.Layer7.AffinityKey);
        Assert.Null(options.Layer7.DetailedErrors);
        Assert.Empty(options.Layer7.ForwardedHeaders.TrustedNetworks);
        Assert.Equal(3, new RouteOptions().Retry.Attempts);
        Assert.Empty(new RouteOptions().Retry.Statuses);
        Assert.Null(new RouteOptions().MaxRequestBodySize);
    }

    [Theory]
    [InlineData(Layer4Protocol.Tcp, null, "00:10:00")]
    [InlineData(Layer4Protocol.Udp, null, "00:01:00")]
    [InlineData(Layer4Protocol.Tcp, "00:00:07", "00:00:07")]
    [InlineData(Layer4Protocol.Udp, "00:00:07", "00:00:07")]
    public void The_idle_time_out_in_force_is_the_listeners_or_the_protocols(Layer4Protocol protocol, string? given, string expected)
    {
        var invariant = System.Globalization.CultureInfo.InvariantCulture;
        var listener = new Layer4ListenerOptions { Protocol = protocol, IdleTimeout = given is null ? null : TimeSpan.Parse(given, invariant) };
        Assert.Equal(TimeSpan.Parse(expected, invariant), listener.IdleTimeoutOrDefault);
    }

    // "Default 00:00:02." and "Default '/'." and "Default None: ..." and "Default 1024 (1 KiB)" but not "Default: every path", which is no value.
    [GeneratedRegex(@"Default '?(?<value>[^\s',]+?)'?(?:[.:;](\s|$)| \()")]
    private static partial Regex DefaultClause();
}
