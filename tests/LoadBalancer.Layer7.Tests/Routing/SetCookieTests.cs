using LoadBalancer.Layer7.Tests.Correctness;

namespace LoadBalancer.Layer7.Tests.Routing;

public sealed class SetCookieTests
{
    private const string Cookie = "id=a=b; Domain=backend.internal; path=/account; Max-Age=60; httponly; Priority=High";

    [Theory]
    [InlineData("Domain=shop.example", "id=a=b; Domain=shop.example; path=/account; Max-Age=60; httponly; Priority=High")]
    [InlineData("Domain=", "id=a=b; path=/account; Max-Age=60; httponly; Priority=High")]
    [InlineData("Path=/", "id=a=b; Domain=backend.internal; Path=/; Max-Age=60; httponly; Priority=High")]
    [InlineData("Prefix=/auth", "id=a=b; Domain=backend.internal; Path=/auth/account; Max-Age=60; httponly; Priority=High")]
    [InlineData("Prefix=/auth/", "id=a=b; Domain=backend.internal; Path=/auth/account; Max-Age=60; httponly; Priority=High")]
    [InlineData("Secure=true", "id=a=b; Domain=backend.internal; path=/account; Max-Age=60; httponly; Priority=High; Secure")]
    [InlineData("HttpOnly=false", "id=a=b; Domain=backend.internal; path=/account; Max-Age=60; Priority=High")]
    [InlineData("HttpOnly=true", "id=a=b; Domain=backend.internal; path=/account; Max-Age=60; HttpOnly; Priority=High")]
    [InlineData("SameSite=Strict", "id=a=b; Domain=backend.internal; path=/account; Max-Age=60; httponly; Priority=High; SameSite=Strict")]
    [InlineData("Domain=;Path=/x;Secure=true;HttpOnly=true;SameSite=none", "id=a=b; Path=/x; Max-Age=60; HttpOnly; Priority=High; Secure; SameSite=none")]
    public async Task Attributes_are_set_changed_and_removed(string changes, string expected) =>
        Assert.Equal([expected], (await SendAsync($"Set-Cookie: {Cookie}", Parse("*", changes))).Header("Set-Cookie"));

    [Theory]
    [InlineData("a=1; SameSite=Lax; Secure", "SameSite=Unspecified;Secure=false", "a=1")]
    [InlineData("a=1; Path=/", "Prefix=/auth", "a=1; Path=/auth")]
    [InlineData("a=1", "Prefix=/auth", "a=1")]
    [InlineData("a=1; Path", "Prefix=/auth", "a=1; Path")]
    // The last of several would count.
    [InlineData("a=1; Domain=x; domain=y", "Domain=z", "a=1; Domain=z")]
    [InlineData("a=1; Domain=x; domain=y", "Domain=", "a=1")]
    [InlineData("a=1;Path=/;Secure", "HttpOnly=true", "a=1; Path=/; Secure; HttpOnly")]
    [InlineData("malformed", "HttpOnly=true", "malformed")]
    public async Task Whatever_the_backend_wrote(string cookie, string changes, string expected) =>
        Assert.Equal([expected], (await SendAsync($"Set-Cookie: {cookie}", Parse("*", changes))).Header("Set-Cookie"));

    [Fact]
    public async Task Each_cookie_by_its_name_and_in_the_order_of_the_rules()
    {
        var answer = await SendAsync("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nSet-Cookie: A=3", Parse("*", "Secure=true"), Parse("a", "HttpOnly=true;Secure=false"));

        Assert.Equal(["a=1; HttpOnly", "b=2; Secure", "A=3; Secure"], answer.Header("Set-Cookie"));
    }

    [Fact]
    public async Task The_balancers_own_cookie_stays_as_it_is()
    {
        await using var backend = new RawBackend { Headers = "Set-Cookie: a=1" };
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(
            ("all", new() { SessionAffinity = new(), Transforms = [Parse("*", "SameSite=Strict;Path=/x")] })));

        var cookies = (await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\n\r\n")).Header("Set-Cookie");

        Assert.Contains("a=1; Path=/x; SameSite=Strict", cookies);
        Assert.Contains("samesite=lax", Assert.Single(cookies, cookie => cookie.StartsWith("lb-affinity", StringComparison.Ordinal)));
    }

    private static async Task<RawAnswer> SendAsync(string headers, params Dictionary<string, string>[] transforms)
    {
        await using var backend = new RawBackend { Headers = headers };
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(("all", new() { Transforms = transforms })));
        return await RawAnswer.OfAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: edge\r\n\r\n");
    }

    private static Dictionary<string, string> Parse(string cookie, string changes)
    {
        var transform = changes.Split(';').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        transform["ResponseCookie"] = cookie;
        return transform;
    }
}
