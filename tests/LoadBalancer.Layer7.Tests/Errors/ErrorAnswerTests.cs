using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Errors;

public sealed class ErrorAnswerTests
{
    private const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_error_says_status_route_pool_reason_and_trace_and_is_not_stored()
    {
        await using var balancer = await StartWithoutBackendsAsync();
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        Assert.True(response.Headers.CacheControl!.NoStore);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        var root = problem.RootElement;
        Assert.Equal("urn:loadbalancer:error:no-backend", root.GetProperty("type").GetString());
        Assert.Equal("No healthy backend", root.GetProperty("title").GetString());
        Assert.Equal(503, root.GetProperty("status").GetInt32());
        Assert.Contains("'web'", root.GetProperty("detail").GetString());
        Assert.Equal("all", root.GetProperty("route").GetString());
        Assert.Equal("web", root.GetProperty("pool").GetString());
        Assert.Equal("NoBackend", root.GetProperty("reason").GetString());
        Assert.NotEmpty(root.GetProperty("traceId").GetString()!);
    }

    [Theory]
    [InlineData(null, "application/problem+json")]
    [InlineData("*/*", "application/problem+json")]
    [InlineData("application/json", "application/problem+json")]
    [InlineData("image/png", "application/problem+json")]
    [InlineData("text/html, application/json", "application/problem+json")]
    [InlineData("text/html;q=0.1, */*", "application/problem+json")]
    [InlineData("text/html;q=0, */*;q=0.5", "application/problem+json")]
    [InlineData("nonsense,,;q", "application/problem+json")]
    [InlineData("text/html", "text/html; charset=utf-8")]
    [InlineData("text/*", "text/html; charset=utf-8")]
    [InlineData("TEXT/HTML;level=1, */*;q=0.1", "text/html; charset=utf-8")]
    [InlineData("application/problem+json;q=0.4, text/html;q=0.5", "text/html; charset=utf-8")]
    [InlineData(Browser, "text/html; charset=utf-8")]
    public async Task The_form_is_the_one_that_the_client_likes_best(string? accept, string expected)
    {
        await using var balancer = await StartWithoutBackendsAsync();
        using var client = balancer.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using var response = await client.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(expected, response.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task The_page_loads_nothing_runs_nothing_and_escapes_what_is_in_it()
    {
        var route = new RouteOptions { Pool = "<b>web</b>" };
        var options = TestBalancer.Options(("<script>alert(1)</script>", route));
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]>());
        using var client = balancer.CreateClient();
        client.DefaultRequestHeaders.Accept.ParseAdd(Browser);

        using var response = await client.GetAsync("/?<script>", Cancelled);
        var page = await response.Content.ReadAsStringAsync(Cancelled);

        Assert.StartsWith("<!DOCTYPE html>", page);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page);
        Assert.Contains("&lt;b&gt;web&lt;/b&gt;", page);
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("<b>", page);
        Assert.All(["http:", "https:", "src=", "href=", "url(", "@import"], reference => Assert.DoesNotContain(reference, page));
        Assert.StartsWith("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("prefers-color-scheme: dark", page);
    }

    [Theory]
    [InlineData("*/*")]
    [InlineData("text/html")]
    public async Task HEAD_has_the_headers_and_no_body(string accept)
    {
        await using var balancer = await StartWithoutBackendsAsync();
        using var connection = await RawConnection.OpenAsync(balancer.Uri);

        await connection.SendAsync($"HEAD / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");

        var answer = await connection.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 503 ", answer);
        Assert.Matches(@"\r\nContent-Length: [1-9]\d+\r\n", answer);
        Assert.EndsWith("\r\n\r\n", answer);
        Assert.Equal(answer.Length, answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4);
    }

    [Theory]
    [InlineData("application/grpc", "application/grpc")]
    [InlineData("application/grpc+proto", "application/grpc+proto")]
    [InlineData("application/grpc-web; charset=utf-8", "application/grpc-web")]
    public async Task Grpc_gets_a_status_of_its_own_in_headers_that_end_the_answer(string contentType, string expected)
    {
        var options = TestBalancer.Options(("all", new() { RateLimit = new() { Requests = 1, Window = TimeSpan.FromHours(1), Algorithm = RateLimitAlgorithm.FixedWindow } }));
        options.Layer7.Listeners["http"].Protocols = HttpListenerProtocols.Http2;
        await using var balancer = await StartWithoutBackendsAsync(options);
        using var client = balancer.CreateClient();

        using var unavailable = await CallAsync(client, contentType);
        Assert.Equal("14", unavailable.Headers.GetValues("grpc-status").Single());
        Assert.StartsWith("No healthy backend in pool 'web' for route 'all'. ", unavailable.Headers.GetValues("grpc-message").Single());

        using var exhausted = await CallAsync(client, contentType);
        Assert.Equal("8", exhausted.Headers.GetValues("grpc-status").Single());
        Assert.InRange(long.Parse(exhausted.Headers.GetValues("grpc-retry-pushback-ms").Single()), 3_000_000, 3_600_000);

        await Assert.AllAsync([unavailable, exhausted], async response =>
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(expected, response.Content.Headers.ContentType!.ToString());
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancelled));
            Assert.Empty(response.TrailingHeaders);
        });
    }

    [Fact]
    public async Task Where_no_route_matches_the_answer_is_404_and_names_none()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("secret-name", new() { Path = "/here" })), backend);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/there", Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.Contains("\"reason\": \"NoRoute\"", text);
        Assert.DoesNotContain("secret-name", text);
        Assert.DoesNotContain("/here", text);
    }

    [Fact]
    public async Task Where_only_the_method_does_not_match_the_answer_is_405_with_those_that_do()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Path = "/here", Methods = ["POST", "PUT"] })), backend);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/here", Cancelled);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["POST", "PUT"], response.Content.Headers.Allow.Order());
        Assert.Contains("\"reason\": \"MethodNotAllowed\"", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(0, backend.Requests);
    }

    [Fact]
    public async Task What_a_backend_answers_is_left_as_it_is()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/missing", Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.False(response.Headers.CacheControl?.NoStore ?? false);
    }

    [Theory]
    [InlineData(false, null, false)]
    [InlineData(true, null, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    public async Task Addresses_and_causes_are_told_in_development_or_where_the_options_say_so(bool isDevelopment, bool? option, bool expected)
    {
        var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        options.Layer7.DetailedErrors = option;
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [backend] }, isDevelopment: isDevelopment);
        var address = new Uri(backend.Address).Authority;
        await backend.DisposeAsync();
        using var client = balancer.CreateClient();

        foreach (var accept in new[] { "application/json", "text/html", "application/grpc" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
            using var response = await client.SendAsync(request, Cancelled);
            var text = response.Headers + await response.Content.ReadAsStringAsync(Cancelled);

            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal(expected, text.Contains(address, StringComparison.Ordinal));
            Assert.Equal(expected, text.Contains("refused", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public async Task A_changed_option_holds_for_the_next_error()
    {
        var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        await backend.DisposeAsync();
        using var client = balancer.CreateClient();
        var changed = TestBalancer.Options(("all", new()));
        changed.Pools = options.Pools;
        changed.Layer7.DetailedErrors = true;

        using var before = await client.GetAsync("/", Cancelled);
        await balancer.ApplyAsync(changed);
        using var after = await client.GetAsync("/", Cancelled);

        Assert.DoesNotContain("\"backend\"", await before.Content.ReadAsStringAsync(Cancelled));
        Assert.Contains("\"backend\"", await after.Content.ReadAsStringAsync(Cancelled));
    }

    private static async Task<TestBalancer> StartWithoutBackendsAsync(LoadBalancerOptions? options = null)
    {
        options ??= TestBalancer.Options(("all", new()));
        options.Pools["web"].PanicThreshold = 100;
        var backend = await TestBackend.StartAsync("a");
        var balancer = await TestBalancer.StartAsync(options, backend);
        await backend.DisposeAsync();
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Available.IsEmpty);
        return balancer;
    }

    private static Task<HttpResponseMessage> CallAsync(HttpClient client, string contentType)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/shop.Catalog/Get") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent([0, 0, 0, 0, 0]) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return client.SendAsync(request, Cancelled);
    }
}
