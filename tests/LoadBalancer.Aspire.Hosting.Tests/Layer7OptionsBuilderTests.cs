using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Tests;

/// <summary>What holds for all listeners and routes of a Layer 7 balancer.</summary>
public sealed class Layer7OptionsBuilderTests
{
    private const string KeyVariable = "LoadBalancer__Layer7__AffinityKey";

    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly IResourceBuilder<Layer7LoadBalancerResource> _edge;

    public Layer7OptionsBuilderTests()
    {
        _edge = _builder.AddLayer7LoadBalancer("edge");
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private LoadBalancerOptions Options => _edge.Describe().LoadBalancer;

    [Fact]
    public void Every_option_reaches_the_configuration()
    {
        _edge
            .WithLimits(900, 16_384, 4_096, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1))
            .WithForwardedHeaders(ForwardedHeadersMode.Both)
            .WithTrustedProxies("10.0.0.0/8").WithTrustedProxies("::1")
            .WithAllowedHosts("example.com").WithAllowedHosts("*.example.org")
            .WithCacheSize(2_000_000, 100_000)
            .WithAccessLog("access.log", AccessLogFormat.W3C, 100_000, 2)
            .WithDetailedErrors(false)
            .WithDrainTimeout(TimeSpan.FromSeconds(3));

        var layer7 = Options.Layer7;

        Assert.Equal(
            new()
            {
                MaxConnections = 900,
                MaxRequestHeadersSize = 16_384,
                MaxRequestLineSize = 4_096,
                RequestHeadersTimeout = TimeSpan.FromSeconds(10),
                KeepAliveTimeout = TimeSpan.FromMinutes(1),
            },
            layer7.Limits);
        Assert.Equivalent(new ForwardedHeadersOptions { Mode = ForwardedHeadersMode.Both, TrustedNetworks = ["10.0.0.0/8", "::1"] }, layer7.ForwardedHeaders, strict: true);
        Assert.Equal(["example.com", "*.example.org"], layer7.AllowedHosts);
        Assert.Equal(new() { MaxSize = 2_000_000, MaxEntrySize = 100_000 }, layer7.Cache);
        Assert.Equal(new() { File = Path.GetFullPath("access.log", _builder.AppHostDirectory), Format = AccessLogFormat.W3C, MaxFileSize = 100_000, KeptFiles = 2 }, layer7.AccessLog);
        Assert.False(layer7.DetailedErrors);
        Assert.Equal(TimeSpan.FromSeconds(3), Options.DrainTimeout);
    }

    [Fact]
    public void What_is_not_given_is_as_the_contract_says_or_stays_as_it_is()
    {
        Assert.Equivalent(new Layer7Options { Listeners = { ["http"] = new() } }, Options.Layer7, strict: true);
        Assert.Equal(new LoadBalancerOptions().DrainTimeout, Options.DrainTimeout);

        _edge.WithLimits(maxConnections: 5).WithLimits(maxRequestLineSize: 300).WithCacheSize(2_000_000).WithAccessLog().WithDetailedErrors();

        Assert.Equal(new() { MaxConnections = 5, MaxRequestLineSize = 300 }, Options.Layer7.Limits);
        Assert.Equal(new() { MaxSize = 2_000_000 }, Options.Layer7.Cache);
        Assert.Equal(new(), Options.Layer7.AccessLog);
        Assert.True(Options.Layer7.DetailedErrors);
    }

    public static TheoryData<string, string, Action<IResourceBuilder<Layer7LoadBalancerResource>>> Errors() => new()
    {
        { "maxConnections", "Limits:MaxConnections '0' is out of range; must be 1 to 1000000.", b => b.WithLimits(maxConnections: 0) },
        { "maxRequestHeadersSize", "Limits:MaxRequestHeadersSize '1' is out of range; must be 1024 to 1048576.", b => b.WithLimits(maxRequestHeadersSize: 1) },
        { "maxRequestLineSize", "Limits:MaxRequestLineSize '1' is out of range; must be 256 to 65536.", b => b.WithLimits(maxRequestLineSize: 1) },
        { "requestHeadersTimeout", "Limits:RequestHeadersTimeout '00:00:00' is out of range; must be 00:00:01 to 00:05:00.", b => b.WithLimits(requestHeadersTimeout: TimeSpan.Zero) },
        { "keepAliveTimeout", "Limits:KeepAliveTimeout '02:00:00' is out of range; must be 00:00:01 to 01:00:00.", b => b.WithLimits(keepAliveTimeout: TimeSpan.FromHours(2)) },
        { "networks", "ForwardedHeaders:TrustedNetworks:1 'all' is not a network", b => b.WithTrustedProxies("::1", "all") },
        { "networks", "Must have at least one value.", b => b.WithTrustedProxies() },
        { "hosts", "AllowedHosts:0 'example.com:80' is not a host name; must be a name without a port", b => b.WithAllowedHosts("example.com:80") },
        { "hosts", "Must have at least one value.", b => b.WithAllowedHosts() },
        { "maxSize", "Cache:MaxSize '1' is out of range; must be 1048576 to 2000000000.", b => b.WithCacheSize(1) },
        { "maxEntrySize", "Cache:MaxEntrySize '3000000' is more than MaxSize, '2000000', which all answers share.", b => b.WithCacheSize(2_000_000, 3_000_000) },
        { "file", "", b => b.WithAccessLog("") },
        { "format", "AccessLog:Format 'W3C' is the form of a file; needs File.", b => b.WithAccessLog(format: AccessLogFormat.W3C) },
        { "maxFileSize", "AccessLog:MaxFileSize '1' is out of range; must be 65536 to 2000000000.", b => b.WithAccessLog(maxFileSize: 1) },
        { "keptFiles", "AccessLog:KeptFiles '101' is out of range; must be 0 to 100.", b => b.WithAccessLog(keptFiles: 101) },
        { "timeout", "DrainTimeout '02:00:00' is out of range; must be 00:00:00 to 01:00:00.", b => b.WithDrainTimeout(TimeSpan.FromHours(2)) },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_value_that_breaks_the_contract_is_refused_with_what_is_allowed(string argument, string message, Action<IResourceBuilder<Layer7LoadBalancerResource>> configure)
    {
        var exception = Assert.Throws<ArgumentException>(argument, () => configure(_edge));

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_none_of_an_enumeration_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("mode", () => _edge.WithForwardedHeaders((ForwardedHeadersMode)9));
        Assert.Throws<ArgumentOutOfRangeException>("format", () => _edge.WithAccessLog(format: (AccessLogFormat)9));
    }

    [Fact]
    public async Task Each_balancer_is_given_a_key_for_affinity_that_is_kept_nowhere()
    {
        var key = await KeyOfAsync(_edge);
        var value = await key.GetValueAsync(Cancelled);

        Assert.Equal(("edge-affinity-key", true), (key.Name, key.Secret));
        Assert.Matches("^[A-Za-z0-9]{32,}$", value);
        Assert.NotEqual(value, await _edge.Resource.AdminTokenParameter!.GetValueAsync(Cancelled));
        Assert.NotEqual(value, await (await KeyOfAsync(_builder.AddLayer7LoadBalancer("other"))).GetValueAsync(Cancelled));
        Assert.DoesNotContain(value, _builder.Configuration.AsEnumerable().Select(entry => entry.Value));
        Assert.DoesNotContain(value!, _edge.Describe().ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_may_come_from_the_configuration_or_be_a_parameter()
    {
        var configured = Model.NewBuilder("--Parameters:edge-affinity-key=from-the-configuration").AddLayer7LoadBalancer("edge");
        var mine = _builder.AddParameter("mine", "a-key-of-my-own-key", secret: true);

        Assert.Equal("from-the-configuration", await (await KeyOfAsync(configured)).GetValueAsync(Cancelled));
        Assert.Same(mine.Resource, await KeyOfAsync(_edge.WithAffinityKey(mine)));
        var exception = Assert.Throws<ArgumentException>("key", () => _edge.WithAffinityKey(_builder.AddParameter("open", "text")));
        Assert.StartsWith("The parameter 'open' is not a secret; must be added with secret: true.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_balancer_learns_the_AppHosts_environment()
    {
        var wire = Model.NewBuilder("--environment", "Staging").AddLayer4LoadBalancer("wire").WithDrainTimeout(TimeSpan.Zero);

        Assert.Equal("Staging", (await Model.EnvironmentOfAsync(wire.Resource))["DOTNET_ENVIRONMENT"]);
        Assert.Equal(TimeSpan.Zero, wire.Describe().LoadBalancer.DrainTimeout);
    }

    private static async Task<ParameterResource> KeyOfAsync(IResourceBuilder<Layer7LoadBalancerResource> balancer) =>
        Assert.IsType<ParameterResource>((await Model.EnvironmentOfAsync(balancer.Resource))[KeyVariable]);
}
