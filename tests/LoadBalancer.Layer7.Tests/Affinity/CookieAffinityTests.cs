using System.Net.Http.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Affinity;

public sealed class CookieAffinityTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_keeps_the_cookie_stays_on_its_backend_and_others_are_spread()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var c = await TestBackend.StartAsync("c");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = new() })), a, b, c);

        var firsts = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            using var client = balancer.CreateClient(handler => handler.UseCookies = true);
            var first = (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
            firsts.Add(first);
            for (var j = 0; j < 10; j++)
            {
                Assert.Equal(first, (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
            }
        }

        Assert.Equal(3, firsts.Count);
    }

    [Fact]
    public async Task Two_pools_do_not_take_each_others_cookie()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var c = await TestBackend.StartAsync("c");
        await using var d = await TestBackend.StartAsync("d");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("x", new() { Path = "/x", Pool = "x", SessionAffinity = new() }), ("y", new() { Path = "/y", Pool = "y", SessionAffinity = new() })),
            new Dictionary<string, TestBackend[]> { ["x"] = [a, b], ["y"] = [c, d] });
        using var client = balancer.CreateClient(handler => handler.UseCookies = true);

        var replicas = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            replicas.Add((await client.GetFromJsonAsync<Answer>("/x", Cancelled))!.Replica);
            replicas.Add((await client.GetFromJsonAsync<Answer>("/y", Cancelled))!.Replica);
        }

        Assert.Equal(2, replicas.Count);
    }

    [Fact]
    public async Task The_cookie_has_the_configured_name_cannot_be_read_by_scripts_and_hides_the_address()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = new() { Cookie = "my-lb" } })), a);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));

        Assert.StartsWith("my-lb=", cookie);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(new Uri(a.Address).Port.ToString(), cookie);
    }

    [Fact]
    public async Task The_cookie_is_secure_over_TLS_and_not_otherwise()
    {
        await using var a = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("sticky", new() { SessionAffinity = new() }));
        options.Layer7.Listeners["https"] = new() { Address = "127.0.0.1:0", Tls = new() };
        await using var balancer = await TestBalancer.StartAsync(options, a);
        using var client = balancer.CreateClient(handler => handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true);

        Assert.DoesNotContain("secure", await CookieAsync(client, balancer.Uri), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; secure", await CookieAsync(client, balancer.UriOf("https")), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(CookieSameSite.Strict, "samesite=strict", false)]
    [InlineData(CookieSameSite.None, "samesite=none", true)]
    public async Task The_cookie_has_the_rule_for_other_sites_and_the_age_that_are_configured(CookieSameSite rule, string expected, bool isSecure)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("sticky", new() { SessionAffinity = new() { SameSite = rule, Expiry = TimeSpan.FromHours(2) } })), a);
        using var client = balancer.CreateClient();

        var cookie = await CookieAsync(client, balancer.Uri);

        Assert.Contains(expected, cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("max-age=7200", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(isSecure, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_client_that_knows_is_not_told_again()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = new() })), a);
        using var client = balancer.CreateClient();
        var cookie = (await CookieAsync(client, balancer.Uri)).Split(';')[0];

        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Cookie", $"theme=dark; {cookie}; more=1" } } };
        using var response = await client.SendAsync(request, Cancelled);

        Assert.False(response.Headers.Contains("Set-Cookie"));
        Assert.Equal((1, 1, 0, 0, null), Sessions(balancer));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_cookie_that_the_balancer_did_not_make_is_replaced_also_where_a_session_without_a_backend_is_refused(string value)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("sticky", new() { SessionAffinity = new() { WhenGone = AffinityFailure.Refuse } })), a);
        using var client = balancer.CreateClient();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Cookie", $"lb-affinity-web={value}" } } };
        using var response = await client.SendAsync(request, Cancelled);

        Assert.True(response.IsSuccessStatusCode);
        Assert.StartsWith("lb-affinity-web=", Assert.Single(response.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        Assert.Equal((1, 0, 0, 0, null), Sessions(balancer));
    }

    [Fact]
    public async Task A_session_outlasts_a_reload_and_other_processes_with_the_same_key_know_it_until_the_key_is_another()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        var options = TestBalancer.Options(("sticky", new() { SessionAffinity = new() }));
        options.Layer7.AffinityKey = "a-key-of-two-balancers";
        await using var one = await TestBalancer.StartAsync(options, a, b);
        await using var other = await TestBalancer.StartAsync(options, a, b);
        using var client = one.CreateClient();
        using var otherClient = other.CreateClient();
        var cookie = (await CookieAsync(client, one.Uri)).Split(';')[0];

        for (var i = 0; i < 4; i++)
        {
            await one.ApplyAsync(Changed(options, "a-key-of-two-balancers"));
            Assert.False(await IsReplacedAsync(client, cookie));
            Assert.False(await IsReplacedAsync(otherClient, cookie));
        }

        await one.ApplyAsync(Changed(options, "another-key-than-before"));

        Assert.True(await IsReplacedAsync(client, cookie));
        Assert.False(await IsReplacedAsync(otherClient, cookie));
    }

    [Fact]
    public async Task A_client_whose_backend_is_gone_gets_another_and_stays_there()
    {
        await using var a = await TestBackend.StartAsync("a");
        var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("sticky", new() { SessionAffinity = new() })), a, b);
        using var one = balancer.CreateClient(handler => handler.UseCookies = true);
        using var two = balancer.CreateClient(handler => handler.UseCookies = true);
        var first = (await one.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        var second = (await two.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica;
        Assert.Equal(["a", "b"], new[] { first, second }.Order());
        var client = first == "b" ? one : two;

        await b.DisposeAsync();
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Available.Length == 1);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("a", (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }
    }

    private static async Task<string> CookieAsync(HttpClient client, Uri uri)
    {
        using var response = await client.GetAsync(uri, Cancelled);
        return Assert.Single(response.EnsureSuccessStatusCode().Headers.GetValues("Set-Cookie"));
    }

    private static async Task<bool> IsReplacedAsync(HttpClient client, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Cookie", cookie } } };
        using var response = await client.SendAsync(request, Cancelled);
        return response.EnsureSuccessStatusCode().Headers.Contains("Set-Cookie");
    }

    private static LoadBalancerOptions Changed(LoadBalancerOptions options, string key) =>
        new() { Pools = options.Pools, Layer7 = options.Layer7 with { AffinityKey = key } };

    private static (long New, long Kept, long Repicked, long Refused, int? Remembered) Sessions(TestBalancer balancer)
    {
        var sessions = balancer.Route("sticky").Sessions!;
        return (sessions.New, sessions.Kept, sessions.Repicked, sessions.Refused, sessions.Remembered);
    }
}
