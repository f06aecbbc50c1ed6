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
