using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Correctness;

public sealed class HostTests(RawFixture fixture) : IClassFixture<RawFixture>
{
    [Theory]
    [InlineData("")]
    [InlineData("Host: \r\n")]
    [InlineData("Host: a\r\nHost: b\r\n")]
    [InlineData("Host: a\r\nHost: a\r\n")]
    [InlineData("Host: a, b\r\n")]
    [InlineData("Host: user@a\r\n")]
    [InlineData("Host: a/b\r\n")]
    [InlineData("Host: a b\r\n")]
    [InlineData("Host: a:70000\r\n")]
    [InlineData("Host: a:99999999999\r\n")]
    [InlineData("Host: [::1\r\n")]
    public async Task A_host_that_is_missing_twice_there_or_none_is_400(string host)
    {
        var before = fixture.Backend.Requests;

        var answer = await fixture.SendAsync($"GET /x HTTP/1.1\r\n{host}Connection: close\r\n\r\n");

        Assert.Equal((400, before), (answer.Status, fixture.Backend.Requests));
    }

    [Fact]
    public async Task Before_HTTP_1_1_a_request_needs_no_host()
    {
        var answer = await fixture.SendAsync("GET /x HTTP/1.0\r\n\r\n");

        Assert.Equal(200, answer.Status);
        Assert.Equal([fixture.Backend.Authority], answer.SeenHeader("Host"));
        Assert.Empty(answer.SeenHeader("X-Forwarded-Host"));
    }

    [Theory]
    [InlineData("shop.example", 200)]
    [InlineData("SHOP.example:8080", 200)]
    [InlineData("eu.api.example", 200)]
    [InlineData("a.b.api.example:1", 200)]
    [InlineData("only.example:81", 200)]
    [InlineData("web.example", 200)]
    [InlineData("[::1]:8080", 200)]
    [InlineData("only.example", 421)]
    [InlineData("only.example:82", 421)]
    [InlineData("api.example", 421)]
    [InlineData("xapi.example", 421)]
    [InlineData("shop.example.evil", 421)]
    [InlineData("evil-shop.example", 421)]
    [InlineData("127.0.0.1", 421)]
    public async Task Hosts_that_are_not_allowed_are_421(string host, int status)
    {
        await using var backend = new RawBackend();
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.AllowedHosts = ["shop.example", "*.api.example", "only.example:81", "web.example:80", "[::1]"];
        await using var balancer = await backend.StartBalancerAsync(options);

        var answer = await RawAnswer.OfAsync(balancer.Uri, $"GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");

        Assert.Equal((status, status == 200 ? 1 : 0), (answer.Status, backend.Requests));
        Assert.Equal(status == 200 ? 0 : 1, balancer.Listener("http").Refused);
    }

    [Fact]
    public async Task Allowed_hosts_change_with_the_configuration()
    {
        await using var backend = await TestBackend.StartAsync("a");
        LoadBalancerOptions With(params string[] hosts)
        {
            var options = TestBalancer.Options(("all", new()));
            options.Layer7.AllowedHosts = hosts;
            return options;
        }

        await using var balancer = await TestBalancer.StartAsync(With("one.example"), backend);
        const string Request = "GET / HTTP/1.1\r\nHost: two.example\r\nConnection: close\r\n\r\n";
        Assert.Equal(421, (await RawAnswer.OfAsync(balancer.Uri, Request)).Status);

        await balancer.ApplyAsync(With("one.example", "two.example"));
        Assert.Equal(200, (await RawAnswer.OfAsync(balancer.Uri, Request)).Status);
    }
}
