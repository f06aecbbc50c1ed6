namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>Headers for the next hop alone (RFC 9110 section 7.6.1).</summary>
public sealed class HopByHopTests(RawFixture fixture) : IClassFixture<RawFixture>
{
    [Theory]
    [InlineData("Connection: X-Secret\r\n")]
    [InlineData("Connection: X-Secret, keep-alive\r\n")]
    [InlineData("Connection: close , x-secret\r\n")]
    [InlineData("Connection: close\r\nConnection: X-Secret\r\n")]
    [InlineData("Connection: X-Other\r\nConnection: keep-alive\r\nConnection: Upgrade, X-Secret\r\n")]
    public async Task Headers_that_Connection_names_do_not_reach_the_backend(string connection)
    {
        var answer = await fixture.SendAsync($"GET /x HTTP/1.1\r\nHost: edge\r\nX-Kept: 1\r\nX-Secret: 1\r\n{connection}\r\n");

        Assert.Equal("GET /x HTTP/1.1\r\nX-Kept: 1\r\n\r\n", answer.Seen);
    }

    [Theory]
    [InlineData("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n")]
    [InlineData("Connection: TE\r\nTE: trailers\r\n")]
    [InlineData("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n")]
    [InlineData("Upgrade: h2c\r\n")]
    [InlineData("Proxy-Connection: keep-alive\r\n")]
    [InlineData("Proxy-Authorization: Basic YTpi\r\n")]
    public async Task Headers_that_are_always_for_the_next_hop_do_not_either(string headers)
    {
        var answer = await fixture.SendAsync($"GET /x HTTP/1.1\r\nHost: edge\r\n{headers}\r\n");

        Assert.Equal("GET /x HTTP/1.1\r\n\r\n", answer.Seen);
    }

    [Fact]
    public async Task A_client_cannot_have_the_forwarded_headers_dropped()
    {
        var answer = await fixture.SendAsync("GET /x HTTP/1.1\r\nHost: edge\r\nConnection: close, X-Forwarded-For, X-Forwarded-Host\r\n\r\n");

        Assert.Equal(["127.0.0.1"], answer.SeenHeader("X-Forwarded-For"));
        Assert.Equal(["edge"], answer.SeenHeader("X-Forwarded-Host"));
    }

    [Fact]
    public async Task A_connection_that_names_no_header_stays_open()
    {
        using var client = fixture.Balancer.CreateClient();
        client.DefaultRequestHeaders.Connection.Add("keep-alive");

        for (var i = 0; i < 3; i++)
        {
            using var response = await client.GetAsync("/x", TestContext.Current.CancellationToken);
            Assert.DoesNotContain("close", response.Headers.Connection);
        }
    }

    [Fact]
    public async Task Headers_that_the_backends_Connection_names_do_not_reach_the_client()
    {
        await using var backend = new RawBackend { Headers = "Connection: keep-alive, X-Internal\r\nX-Internal: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Kept: 1" };
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(("all", new())));

        var answer = await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\n\r\n");

        Assert.Equal(["1"], answer.Header("X-Kept"));
        Assert.All(["X-Internal", "Keep-Alive", "Proxy-Authenticate"], name => Assert.Empty(answer.Header(name)));
    }
}
