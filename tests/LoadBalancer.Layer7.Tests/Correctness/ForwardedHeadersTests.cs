using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>Who the client is, and what it asked for: by whose word, and how backends learn it.</summary>
public sealed class ForwardedHeadersTests
{
    // All clients of these tests are 127.0.0.1.
    private static readonly string[] Trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"];

    private const string Lies =
        "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Prefix: /evil\r\nX-Forwarded-Port: 1\r\n"
        + "X-Forwarded-Ssl: on\r\nX-Forwarded-Scheme: https\r\nX-Forwarded-Server: evil\r\nForwarded: for=203.0.113.9;proto=https;host=evil.example\r\n";

    private static readonly string[] Names =
        ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Forwarded-Ssl", "X-Forwarded-Scheme", "X-Forwarded-Server", "Forwarded"];

    [Theory]
    [InlineData(ForwardedHeadersMode.XForwarded, "X-Forwarded-For: 127.0.0.1|X-Forwarded-Proto: http|X-Forwarded-Host: edge:81")]
    [InlineData(ForwardedHeadersMode.Forwarded, "Forwarded: for=127.0.0.1;host=\"edge:81\";proto=http")]
    [InlineData(ForwardedHeadersMode.Both, "X-Forwarded-For: 127.0.0.1|X-Forwarded-Proto: http|X-Forwarded-Host: edge:81|Forwarded: for=127.0.0.1;host=\"edge:81\";proto=http")]
    [InlineData(ForwardedHeadersMode.None, "")]
    public async Task What_an_untrusted_client_says_is_dropped_and_the_truth_told(ForwardedHeadersMode mode, string expected)
    {
        var answer = await SendAsync(new() { Mode = mode, TrustedNetworks = ["192.0.2.0/24"] }, $"Host: edge:81\r\n{Lies}");

        Assert.Equal(expected, Describe(answer));
    }

    [Theory]
    // A proxy that appends, one that sets, two of them, and what a client wrote before them.
    [InlineData("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n", "203.0.113.9, 127.0.0.1", "https", "shop.example")]
    [InlineData("X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Forwarded-Proto: http, https\r\nX-Forwarded-Host: evil.example, shop.example\r\n", "203.0.113.9, 127.0.0.1", "https", "shop.example")]
    [InlineData("X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.0.0.7\r\nX-Forwarded-Proto: http, https, http\r\nX-Forwarded-Host: evil.example, shop.example, inner\r\n", "203.0.113.9, 10.0.0.7, 127.0.0.1", "https", "shop.example")]
    [InlineData("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.0.0.7\r\nX-Forwarded-Proto: https\r\n", "203.0.113.9, 10.0.0.7, 127.0.0.1", "https", "edge")]
    [InlineData("X-Forwarded-For: 203.0.113.9:4711, [2001:db8::7]:80\r\n", "203.0.113.9, 2001:db8::7, 127.0.0.1", "http", "edge")]
    [InlineData("X-Forwarded-For: ::ffff:203.0.113.9\r\n", "203.0.113.9, 127.0.0.1", "http", "edge")]
    [InlineData("X-Forwarded-For: 10.0.0.1\r\n", "10.0.0.1, 127.0.0.1", "http", "edge")]
    [InlineData("X-Forwarded-For: 203.0.113.9, unknown\r\nX-Forwarded-Proto: HTTPS\r\n", "127.0.0.1", "https", "edge")]
    [InlineData("X-Forwarded-For: 203.0.113.9, 127.1\r\n", "127.0.0.1", "http", "edge")]
    [InlineData("X-Forwarded-Proto: gopher\r\n", "127.0.0.1", "http", "edge")]
    [InlineData("Forwarded: for=203.0.113.9;proto=https;host=evil.example\r\n", "127.0.0.1", "http", "edge")]
    public async Task What_a_trusted_proxy_says_is_believed_and_added_to(string headers, string client, string scheme, string host)
    {
        var answer = await SendAsync(new() { TrustedNetworks = Trusted }, $"Host: edge\r\n{headers}");

        Assert.Equal($"X-Forwarded-For: {client}|X-Forwarded-Proto: {scheme}|X-Forwarded-Host: {host}", Describe(answer));
    }

    [Theory]
    [InlineData("for=203.0.113.9;proto=https;host=shop.example", "for=203.0.113.9;proto=https;host=shop.example, for=127.0.0.1;host=edge;proto=http", "shop.example")]
    [InlineData("for=198.51.100.1, For=\"203.0.113.9:1\" ; Proto=https", "For=\"203.0.113.9:1\" ; Proto=https, for=127.0.0.1;host=edge;proto=http", "edge")]
    [InlineData("for=203.0.113.9;host=shop.example, for=\"[2001:db8::7]:80\";by=_x;host=inner", "for=203.0.113.9;host=shop.example, for=\"[2001:db8::7]:80\";by=_x;host=inner, for=127.0.0.1;host=edge;proto=http", "shop.example")]
    [InlineData("for=203.0.113.9, for=_hidden;host=shop.example", "for=127.0.0.1;host=edge;proto=http", "shop.example")]
    [InlineData("for=\"203.0.113.9", "for=127.0.0.1;host=edge;proto=http", "edge")]
    [InlineData("garbage", "for=127.0.0.1;host=edge;proto=http", "edge")]
    public async Task Forwarded_is_read_as_RFC_7239_says(string header, string expected, string routedHost)
    {
        var answer = await SendAsync(new() { Mode = ForwardedHeadersMode.Forwarded, TrustedNetworks = Trusted }, $"Host: edge\r\nForwarded: {header}\r\nX-Forwarded-For: 198.51.100.7\r\n");

        Assert.Equal($"Forwarded: {expected}", Describe(answer));
        Assert.Equal([routedHost == "shop.example" ? "shop" : "all"], answer.SeenHeader("X-Route"));
    }

    [Theory]
    [InlineData("X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n", "X-Forwarded-For: 203.0.113.9, 127.0.0.1", "Forwarded: for=203.0.113.9, for=127.0.0.1")]
    // A proxy that writes one of them lets the client's other one through.
    [InlineData("X-Forwarded-For: 203.0.113.9\r\nForwarded: for=198.51.100.66\r\n", "X-Forwarded-For: 203.0.113.9, 127.0.0.1", "Forwarded: for=127.0.0.1")]
    [InlineData("Forwarded: for=203.0.113.9\r\n", "X-Forwarded-For: 203.0.113.9, 127.0.0.1", "Forwarded: for=203.0.113.9, for=127.0.0.1")]
    public async Task With_both_one_that_tells_something_else_is_dropped(string headers, string first, string second)
    {
        var answer = await SendAsync(new() { Mode = ForwardedHeadersMode.Both, TrustedNetworks = Trusted }, $"Host: edge\r\n{headers}");

        Assert.Contains(first, Describe(answer));
        Assert.Contains(second + ";host=edge;proto=http", Describe(answer));
    }

    [Fact]
    public async Task With_none_a_trusted_proxy_is_believed_and_the_backend_told_nothing()
    {
        var answer = await SendAsync(new() { Mode = ForwardedHeadersMode.None, TrustedNetworks = Trusted }, "Host: edge\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 1\r\n");

        Assert.Equal("", Describe(answer));
        Assert.Equal(["shop"], answer.SeenHeader("X-Route"));
    }

    [Fact]
    public async Task A_forwarded_host_that_is_none_is_refused()
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(Options(new() { TrustedNetworks = Trusted }));

        var answer = await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\nX-Forwarded-Host: a/b\r\nConnection: close\r\n\r\n");

        Assert.Equal((400, 0), (answer.Status, backend.Requests));
    }

    [Fact]
    public async Task The_believed_host_is_the_one_that_must_be_allowed()
    {
        await using var backend = new RawBackend();
        var options = Options(new() { TrustedNetworks = Trusted });
        options.Layer7.AllowedHosts = ["shop.example"];
        await using var balancer = await backend.StartBalancerAsync(options);

        Assert.Equal(200, (await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\nX-Forwarded-Host: shop.example\r\n\r\n")).Status);
        Assert.Equal(421, (await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Host: edge\r\nConnection: close\r\n\r\n")).Status);
    }

    [Fact]
    public async Task Policies_pick_by_the_believed_client()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var c = await TestBackend.StartAsync("c");
        var options = TestBalancer.Options(("all", new() { Policy = SelectionPolicy.SourceHash }));
        options.Layer7.ForwardedHeaders = new() { TrustedNetworks = Trusted };
        await using var balancer = await TestBalancer.StartAsync(options, a, b, c);

        for (var i = 0; i < 60; i++)
        {
            Assert.Equal(200, (await RawAnswer.OfAsync(balancer.Uri, $"GET /x HTTP/1.1\r\nHost: edge\r\nX-Forwarded-For: 198.51.100.{i}\r\n\r\n")).Status);
        }

        Assert.All([a, b, c], backend => Assert.True(backend.Requests > 0));
    }

    [Fact]
    public async Task A_request_that_came_over_TLS_to_a_trusted_proxy_is_not_redirected_and_others_are_to_the_host_they_asked_for()
    {
        await using var backend = new RawBackend();
        var options = Options(new() { TrustedNetworks = Trusted });
        options.Layer7.Listeners["http"].RedirectToHttps = new() { Port = 443 };
        options.Layer7.Listeners["https"] = new() { Address = "127.0.0.1:0", Tls = new() };
        await using var balancer = await backend.StartBalancerAsync(options);

        var secure = await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\nX-Forwarded-Proto: https\r\n\r\n");
        var clear = await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\nX-Forwarded-Host: shop.example\r\nConnection: close\r\n\r\n");

        Assert.Equal((200, 308), (secure.Status, clear.Status));
        Assert.Equal(["https://shop.example/x"], clear.Header("Location"));
    }

    [Fact]
    public async Task A_route_can_have_transforms_of_its_own_for_these_headers()
    {
        await using var backend = new RawBackend();
        var options = TestBalancer.Options(
            ("own", new() { Path = "/own", Transforms = [new() { ["X-Forwarded"] = "Append", ["Host"] = "Off", ["Prefix"] = "Off" }] }),
            ("standard", new() { Path = "/standard", Transforms = [new() { ["Forwarded"] = "for,proto", ["ForFormat"] = "Ip" }] }),
            ("few", new() { Path = "/few", Transforms = [new() { ["RequestHeadersAllowed"] = "X-Kept" }] }));
        options.Layer7.ForwardedHeaders = new() { TrustedNetworks = Trusted };
        await using var balancer = await backend.StartBalancerAsync(options);

        const string Headers = " HTTP/1.1\r\nHost: edge\r\nX-Kept: 1\r\nX-Dropped: 1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
        var own = await RawAnswer.OfAsync(balancer.Uri, "GET /own" + Headers);
        var standard = await RawAnswer.OfAsync(balancer.Uri, "GET /standard" + Headers);
        var few = await RawAnswer.OfAsync(balancer.Uri, "GET /few" + Headers);

        Assert.Equal("X-Forwarded-For: 203.0.113.9|X-Forwarded-Proto: http", Describe(own));
        Assert.Equal("Forwarded: proto=http;for=203.0.113.9", Describe(standard));
        Assert.Equal("X-Forwarded-For: 203.0.113.9, 127.0.0.1|X-Forwarded-Proto: http|X-Forwarded-Host: edge", Describe(few));
        Assert.Equal("GET /few HTTP/1.1\r\nX-Kept: 1\r\n\r\n", few.Seen);
    }

    [Fact]
    public async Task A_backend_learns_of_the_prefix_that_it_does_not_see()
    {
        await using var backend = new RawBackend();
        var options = TestBalancer.Options(("auth", new() { Path = "/auth/{**rest}", RemovePrefix = "/auth" }));
        options.Layer7.ForwardedHeaders = new() { TrustedNetworks = Trusted };
        await using var balancer = await backend.StartBalancerAsync(options);

        var answer = await RawAnswer.OfAsync(balancer.Uri, "GET /auth/login HTTP/1.1\r\nHost: edge\r\n\r\n");
        var behind = await RawAnswer.OfAsync(balancer.Uri, "GET /auth/login HTTP/1.1\r\nHost: edge\r\nX-Forwarded-Prefix: /shop/\r\n\r\n");

        Assert.Equal(["/auth"], answer.SeenHeader("X-Forwarded-Prefix"));
        Assert.Equal(["/shop/auth"], behind.SeenHeader("X-Forwarded-Prefix"));
    }

    private static LoadBalancerOptions Options(ForwardedHeadersOptions forwarded)
    {
        var options = TestBalancer.Options(
            ("shop", new() { Hosts = ["shop.example"], Transforms = [new() { ["RequestHeader"] = "X-Route", ["Set"] = "shop" }] }),
            ("all", new() { Transforms = [new() { ["RequestHeader"] = "X-Route", ["Set"] = "all" }] }));
        options.Layer7.ForwardedHeaders = forwarded;
        return options;
    }

    private static async Task<RawAnswer> SendAsync(ForwardedHeadersOptions forwarded, string headers)
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(Options(forwarded));
        var answer = await RawAnswer.OfAsync(balancer.Uri, $"GET /x HTTP/1.1\r\n{headers}\r\n");
        Assert.Equal(200, answer.Status);
        return answer;
    }

    private static string Describe(RawAnswer answer) => string.Join('|', Names.SelectMany(name => answer.SeenHeader(name).Select(value => $"{name}: {value}")));
}
