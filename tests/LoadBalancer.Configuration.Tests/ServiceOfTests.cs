namespace LoadBalancer.Configuration.Tests;

public sealed class ServiceOfTests
{
    [Theory]
    [InlineData(false, false, "http://echo")]
    [InlineData(true, false, "tcp://echo")]
    [InlineData(false, true, "http://echo")]
    [InlineData(true, true, "http://echo")]
    public void A_pool_without_a_service_is_named_after_itself_and_how_it_is_used(bool usedByListener, bool usedByRoute, string expected)
    {
        var options = new LoadBalancerOptions { Pools = { ["echo"] = new() } };
        if (usedByListener)
        {
            options.Layer4.Listeners["l"] = new() { Pool = "ECHO" };
        }

        if (usedByRoute)
        {
            options.Layer7.Routes["r"] = new() { Pool = "Echo" };
        }

        Assert.Equal(expected, options.ServiceOf("echo"));
    }

    [Theory]
    [InlineData(Layer4Protocol.Tcp, null, false, "tcp://echo")]
    [InlineData(Layer4Protocol.Udp, null, false, "udp://echo")]
    [InlineData(Layer4Protocol.Udp, Layer4Protocol.Udp, false, "udp://echo")]
    [InlineData(Layer4Protocol.Udp, Layer4Protocol.Tcp, false, "tcp://echo")]
    [InlineData(Layer4Protocol.Udp, null, true, "http://echo")]
    public void The_protocols_of_its_listeners_decide_the_scheme(Layer4Protocol first, Layer4Protocol? second, bool usedByRoute, string expected)
    {
        var options = new LoadBalancerOptions
        {
            Pools = { ["echo"] = new(), ["other"] = new() },
            Layer4 = { Listeners = { ["first"] = new() { Protocol = first, Pool = "echo" }, ["elsewhere"] = new() { Pool = "other" } } },
        };
        if (second is { } protocol)
        {
            options.Layer4.Listeners["second"] = new() { Protocol = protocol, Pool = "Echo" };
        }

        if (usedByRoute)
        {
            options.Layer7.Routes["r"] = new() { Pool = "echo" };
        }

        Assert.Equal(expected, options.ServiceOf("echo"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("other")]
    public void A_pool_that_a_tls_route_alone_names_is_used_by_its_listener(string? fallback)
    {
        var options = new LoadBalancerOptions
        {
            Pools = { ["shop"] = new(), ["other"] = new() },
            Layer4 = { Listeners = { ["tls"] = new() { Pool = fallback, TlsRoutes = { ["r"] = new() { Pool = "SHOP" } } } } },
        };

        Assert.Equal("tcp://shop", options.ServiceOf("shop"));
        Assert.Equal(fallback is null ? "http://other" : "tcp://other", options.ServiceOf("other"));
    }

    [Fact]
    public void A_pool_that_a_split_or_a_mirror_alone_names_is_used_by_its_route()
    {
        var options = new LoadBalancerOptions
        {
            Pools = { ["main"] = new(), ["canary"] = new(), ["copy"] = new() },
            Layer4 = { Listeners = { ["a"] = new() { Pool = "canary" }, ["b"] = new() { Pool = "copy" } } },
            Layer7 = { Routes = { ["r"] = new() { Pool = "main", Split = new() { Pools = { ["CANARY"] = 5 } }, Mirror = new() { Pool = "Copy" } } } },
        };

        Assert.Equal(["http://main", "http://canary", "http://copy"], options.Pools.Keys.Select(options.ServiceOf));
    }

    [Fact]
    public void A_pool_with_a_service_keeps_it()
    {
        var options = new LoadBalancerOptions
        {
            Pools = { ["echo"] = new() { Service = "https://_admin.other" } },
            Layer4 = { Listeners = { ["l"] = new() { Pool = "echo" } } },
        };

        Assert.Equal("https://_admin.other", options.ServiceOf("ECHO"));
    }

    [Fact]
    public void A_pool_that_does_not_exist_has_no_service() =>
        Assert.Throws<KeyNotFoundException>(() => new LoadBalancerOptions().ServiceOf("none"));
}
