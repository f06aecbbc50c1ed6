using LoadBalancer.Layer7.Routing;
using LoadBalancer.Layer7.Tests.Correctness;

namespace LoadBalancer.Layer7.Tests.Routing;

public sealed class CookieMatchTests
{
    [Theory]
    [InlineData("", "all")]
    [InlineData("Cookie: beta=1\r\n", "beta")]
    [InlineData("Cookie: a=b; beta=1; c=d\r\n", "beta")]
    [InlineData("Cookie: a=b;beta=2\r\n", "beta")]
    [InlineData("Cookie: a=b\r\nCookie: beta=1\r\n", "beta")]
    [InlineData("Cookie: beta=\"1\"\r\n", "beta")]
    [InlineData("Cookie: beta=3; beta=1\r\n", "beta")]
    [InlineData("Cookie: beta=3\r\n", "all")]
    [InlineData("Cookie: beta=11\r\n", "all")]
    [InlineData("Cookie: beta\r\n", "all")]
    [InlineData("Cookie: Beta=1\r\n", "all")]
    [InlineData("Cookie: xbeta=1\r\n", "all")]
    [InlineData("Cookie: a=beta=1\r\n", "all")]
    // More conditions come first, as with headers.
    [InlineData("Cookie: beta=1; user=anybody\r\n", "both")]
    [InlineData("Cookie: user=anybody\r\n", "all")]
    [InlineData("Cookie: user=\r\nX-First: 1\r\n", "first")]
    [InlineData("Cookie: beta=1\r\nX-First: 1\r\n", "beta")]
    public async Task A_route_is_chosen_by_cookie_and_else_left_to_the_next(string headers, string expected)
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(
            Named("all", new()),
            Named("beta", new() { Cookies = { ["beta"] = ["1", "2"] } }),
            Named("both", new() { Cookies = { ["beta"] = ["1"], ["user"] = [] } }),
            Named("first", new() { Order = -1, Headers = { ["X-First"] = [] }, Cookies = { ["user"] = [] } })));

        var answer = await RawAnswer.OfAsync(balancer.Uri, $"GET /x HTTP/1.1\r\nHost: edge\r\n{headers}\r\n");

        Assert.Equal([expected], answer.SeenHeader("X-Route"));
        Assert.Equal(1, balancer.Route(expected).Requests);
    }

    [Fact]
    public async Task Without_another_route_a_request_without_the_cookie_is_404()
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(("beta", new() { Path = "/x", Cookies = { ["beta"] = [] } })));

        Assert.Equal(404, (await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n")).Status);
    }

    [Fact]
    public async Task A_change_of_the_cookie_alone_takes_effect()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("beta", new() { Cookies = { ["beta"] = ["1"] } })), backend);
        async Task<int> StatusAsync() => (await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\nCookie: beta=2\r\nConnection: close\r\n\r\n")).Status;
        Assert.Equal(404, await StatusAsync());

        await balancer.ApplyAsync(TestBalancer.Options(("beta", new() { Cookies = { ["beta"] = ["2"] } })));

        await TestBalancer.WaitUntilAsync(async () => await StatusAsync() == 200);
    }

    [Fact]
    public void Routes_that_differ_in_cookies_alone_are_allowed_and_others_not()
    {
        Configuration.RouteOptions With(string value) => new() { Path = "/x", Cookies = { ["beta"] = [value] } };

        Assert.Empty(RouteValidator.Validate(TestBalancer.Options(("one", With("1")), ("two", With("2")))));
        Assert.Contains("'one'", Assert.Single(RouteValidator.Validate(TestBalancer.Options(("one", With("1")), ("two", With("1"))))).Message);
    }

    private static (string, Configuration.RouteOptions) Named(string name, Configuration.RouteOptions route)
    {
        route.Transforms = [new() { ["RequestHeader"] = "X-Route", ["Set"] = name }];
        return (name, route);
    }
}
