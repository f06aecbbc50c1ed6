using LoadBalancer.Layer7.Tests.Correctness;

namespace LoadBalancer.Layer7.Tests.Routing;

/// <summary>URLs of answers that point to the backend point to what the client asked for.</summary>
public sealed class LocationTests
{
    [Theory]
    // Of the backend's own address: wherever it says it.
    [InlineData("", "http://{authority}/login?a=b#c", "http://edge:81/login?a=b#c")]
    [InlineData("", "http://{authority}", "http://edge:81/")]
    [InlineData("", "http://{authority}?a", "http://edge:81/?a")]
    [InlineData("", "HTTP://{authority}/a%2Fb", "http://edge:81/a%2Fb")]
    [InlineData("", "//{authority}/login", "http://edge:81/login")]
    // Of nobody's, or of others.
    [InlineData("", "/login", "/login")]
    [InlineData("", "login?a", "login?a")]
    [InlineData("", "../login", "../login")]
    [InlineData("", "http://other.example/login", "http://other.example/login")]
    [InlineData("", "https://{authority}/login", "https://{authority}/login")]
    [InlineData("", "http://{authority}.evil.example/", "http://{authority}.evil.example/")]
    [InlineData("", "mailto:somebody@example.com", "mailto:somebody@example.com")]
    [InlineData("", "http://edge:81/login", "http://edge:81/login")]
    // The prefix that the backend does not see is put back, but not twice.
    [InlineData("RemovePrefix=/auth", "http://{authority}/login", "http://edge:81/auth/login")]
    [InlineData("RemovePrefix=/auth", "http://{authority}", "http://edge:81/auth/")]
    [InlineData("RemovePrefix=/auth", "/login?next=/x", "/auth/login?next=/x")]
    [InlineData("RemovePrefix=/auth", "/", "/auth/")]
    [InlineData("RemovePrefix=/auth", "/auth/login", "/auth/login")]
    [InlineData("RemovePrefix=/auth", "/auth", "/auth")]
    [InlineData("RemovePrefix=/auth", "/author", "/auth/author")]
    [InlineData("RemovePrefix=/auth", "login", "login")]
    [InlineData("RemovePrefix=/auth", "//other.example/login", "//other.example/login")]
    [InlineData("RemovePrefix=/auth", "http://other.example/login", "http://other.example/login")]
    // And one that it alone sees is taken away.
    [InlineData("PathPrefix=/v2", "/v2/login", "/login")]
    [InlineData("PathPrefix=/v2", "http://{authority}/v2", "http://edge:81/")]
    [InlineData("PathPrefix=/v2", "/other", "/other")]
    [InlineData("RemovePrefix=/auth;PathPrefix=/v2", "/v2/login", "/auth/login")]
    [InlineData("PathPattern=/v2/{**rest}", "/v2/login", "/v2/login")]
    [InlineData("PathPattern=/v2/{**rest}", "http://{authority}/v2/login", "http://edge:81/v2/login")]
    // Turned off, and by rules.
    [InlineData("RemovePrefix=/auth;ResponseLocation=Off", "http://{authority}/login", "http://{authority}/login")]
    [InlineData("RemovePrefix=/auth;ResponseLocation=Off", "/login", "/login")]
    [InlineData("ResponseLocation=http://catalog.internal/ Set=/shop/", "http://catalog.internal/login", "http://edge:81/shop/login")]
    [InlineData("ResponseLocation=http://catalog.internal/ Set=https://www.example/", "http://catalog.internal/login", "https://www.example/login")]
    [InlineData("ResponseLocation=/old/ Set=/new/", "/old/login", "/new/login")]
    [InlineData("RemovePrefix=/auth;ResponseLocation=/old/ Set=/new/", "/login", "/auth/login")]
    [InlineData("RequestHeader=Host Set=catalog.internal", "http://catalog.internal/login", "http://edge:81/login")]
    [InlineData("RemovePrefix=/auth;RequestHeaderOriginalHost=true", "http://edge:81/login", "http://edge:81/login")]
    public async Task Location_is_rewritten(string rewrites, string location, string expected)
    {
        await using var backend = new RawBackend { Status = "302 Found", Headers = $"Location: {location}" };
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(("auth", Route(rewrites))));

        var answer = await RawAnswer.OfAsync(balancer.Uri, "GET /auth/x HTTP/1.1\r\nHost: edge:81\r\n\r\n");

        Assert.Equal([expected.Replace("{authority}", backend.Authority)], answer.Header("Location"));
    }

    [Theory]
    [InlineData("Content-Location", "http://{authority}/x", "http://edge:81/auth/x")]
    [InlineData("Content-Location", "/x", "/auth/x")]
    [InlineData("Refresh", "5; url=http://{authority}/x", "5; url=http://edge:81/auth/x")]
    [InlineData("Refresh", "5;URL='/x'", "5;URL='/auth/x'")]
    [InlineData("Refresh", "5", "5")]
    [InlineData("Link", "</x>; rel=next", "</x>; rel=next")]
    public async Task So_are_Content_Location_and_Refresh(string header, string value, string expected)
    {
        await using var backend = new RawBackend { Headers = $"{header}: {value}" };
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(("auth", Route("RemovePrefix=/auth"))));

        var answer = await RawAnswer.OfAsync(balancer.Uri, "GET /auth/x HTTP/1.1\r\nHost: edge:81\r\n\r\n");

        Assert.Equal([expected], answer.Header(header));
    }

    [Fact]
    public async Task It_is_what_the_client_of_a_trusted_proxy_asked_for()
    {
        await using var backend = new RawBackend { Status = "302 Found", Headers = "Location: http://{authority}/login" };
        var options = TestBalancer.Options(("auth", Route("RemovePrefix=/auth")));
        options.Layer7.ForwardedHeaders = new() { TrustedNetworks = ["127.0.0.1"] };
        await using var balancer = await backend.StartBalancerAsync(options);

        var answer = await RawAnswer.OfAsync(balancer.Uri, "GET /auth/x HTTP/1.1\r\nHost: edge:81\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n\r\n");

        Assert.Equal(["https://shop.example/auth/login"], answer.Header("Location"));
    }

    [Fact]
    public async Task A_client_that_follows_arrives()
    {
        await using var backend = await TestBackend.StartAsync("auth");
        await using var redirecting = new RawBackend { Status = "302 Found", Headers = "Location: /welcome" };
        var options = TestBalancer.Options(
            ("login", new() { Path = "/auth/login", RemovePrefix = "/auth" }),
            ("auth", new() { Path = "/auth/{**rest}", RemovePrefix = "/auth", Pool = "auth" }));
        options.Pools["auth"].HealthCheck = new() { Type = Configuration.HealthCheckType.None };
        await using var balancer = await redirecting.StartBalancerAsync(options);
        await balancer.SetBackendsAsync("auth", backend.Address);
        using var client = balancer.CreateClient(handler => handler.AllowAutoRedirect = true);

        var answer = await client.GetStringAsync("/auth/login", TestContext.Current.CancellationToken);

        Assert.Contains("\"path\":\"/welcome\"", answer);
    }

    // Such as "RemovePrefix=/auth;ResponseLocation=/old/ Set=/new/".
    private static Configuration.RouteOptions Route(string rewrites)
    {
        var route = new Configuration.RouteOptions { Path = "/auth/{**rest}" };
        foreach (var rewrite in rewrites.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (rewrite.StartsWith("RemovePrefix=", StringComparison.Ordinal))
            {
                route.RemovePrefix = rewrite["RemovePrefix=".Length..];
            }
            else
            {
                route.Transforms = [.. route.Transforms, rewrite.Split(' ').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1])];
            }
        }

        return route;
    }
}
