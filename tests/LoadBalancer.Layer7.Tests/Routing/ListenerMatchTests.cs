using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Layer7.Tests.Correctness;

namespace LoadBalancer.Layer7.Tests.Routing;

public sealed class ListenerMatchTests
{
    private const string Request = "GET /x HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n";

    [Fact]
    public async Task A_route_for_a_listener_gets_what_comes_in_there_and_others_the_rest()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(
            OptionsWithTwoListeners(("all", new()), ("inside", new() { Listeners = ["INTERNAL"] }), ("named", new() { Listeners = ["internal"], Cookies = { ["beta"] = [] } })),
            backend);

        Assert.Equal(200, (await RawAnswer.OfAsync(balancer.UriOf("internal"), Request)).Status);
        Assert.Equal(200, (await RawAnswer.OfAsync(balancer.UriOf("internal"), Request.Replace("Connection", "Cookie: beta=1\r\nConnection", StringComparison.Ordinal))).Status);
        Assert.Equal(200, (await RawAnswer.OfAsync(balancer.UriOf("http"), Request)).Status);

        Assert.Equal((1, 1, 1), (balancer.Route("all").Requests, balancer.Route("inside").Requests, balancer.Route("named").Requests));
    }

    [Fact]
    public async Task Without_another_route_what_comes_in_elsewhere_is_404_until_the_route_is_for_that_too()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(OptionsWithTwoListeners(("inside", new() { Listeners = ["internal"] })), backend);
        var options = OptionsWithTwoListeners(("inside", new() { Listeners = ["internal", "http"] }));

        Assert.Equal(404, (await RawAnswer.OfAsync(balancer.Uri, Request)).Status);
        await balancer.ApplyAsync(options);

        await TestBalancer.WaitUntilAsync(async () => (await RawAnswer.OfAsync(balancer.Uri, Request)).Status == 200);
    }

    [Fact]
    public void Routes_that_differ_in_listeners_alone_are_allowed_and_others_not()
    {
        static Configuration.RouteOptions For(params string[] listeners) => new() { Path = "/x", Listeners = listeners };

        Assert.Empty(RouteValidator.Validate(OptionsWithTwoListeners(("one", For("http")), ("two", For("internal")), ("three", For()))));
        Assert.Contains("'one'", Assert.Single(RouteValidator.Validate(OptionsWithTwoListeners(("one", For("http", "internal")), ("two", For("internal", "http"))))).Message, StringComparison.Ordinal);
    }

    private static LoadBalancerOptions OptionsWithTwoListeners(params (string Name, Configuration.RouteOptions Route)[] routes)
    {
        var options = TestBalancer.Options(routes);
        options.Layer7.Listeners["internal"] = new() { Address = "127.0.0.1:0" };
        return options;
    }
}
