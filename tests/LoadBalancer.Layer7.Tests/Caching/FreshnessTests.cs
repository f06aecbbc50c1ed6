using System.Net;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class FreshnessTests
{
    [Theory]
    [InlineData("max-age=60", true)]
    [InlineData("MAX-AGE=60", true)]
    [InlineData("max-age=\"60\"", true)]
    [InlineData("max-age=0, s-maxage=60", true)]
    [InlineData("max-age=60, s-maxage=0", false)]
    [InlineData("max-age=99999999999999999999", true)]
    [InlineData("max-age=-1", false)]
    [InlineData("max-age=1.5", false)]
    [InlineData("max-age='60'", false)]
    [InlineData("extension=\"max-age=60\"", false)]
    [InlineData("max-age=60, no-store", false)]
    [InlineData("max-age=60, no-store, must-understand", true)]
    [InlineData("max-age=60, private", false)]
    [InlineData("max-age=60, private=\"X-User\"", true)]
    [InlineData("max-age=60, no-cache", false)]
    [InlineData("max-age=60, no-cache=\"X-User\"", true)]
    [InlineData("", false)]
    public async Task Directives_of_the_answer_decide(string cacheControl, bool isUsedAgain)
    {
        await using var origin = await CachedOrigin.StartAsync(cacheControl);

        await origin.AskAsync();
        var second = await origin.AskAsync();

        Assert.Equal(isUsedAgain ? 1 : 2, origin.Backend.Requests);
        Assert.Equal(isUsedAgain, second.CacheStatus.StartsWith("edge; hit; ttl=", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.OK, "hello world"), (second.Status, second.Body));
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(-60, false)]
    [InlineData(0, false)]
    public async Task Expires_decides_where_no_directive_does(int seconds, bool isUsedAgain)
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.Expires = DateTimeOffset.UtcNow.AddSeconds(seconds).ToString("R");
            return context.Response.WriteAsync("x");
        });

        await origin.AskAsync();
        await origin.AskAsync();

        Assert.Equal(isUsedAgain ? 1 : 2, origin.Backend.Requests);
    }

    [Fact]
    public async Task A_tenth_of_the_time_since_the_last_change_is_guessed_where_nothing_is_said_except_for_clients_with_cookies()
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.LastModified = DateTimeOffset.UtcNow.AddHours(-10).ToString("R");
            return context.Response.WriteAsync("x");
        });

        await origin.AskAsync("/a");
        await origin.AskAsync("/a");
        await origin.AskAsync("/b", ("Cookie", "session=1"));
        await origin.AskAsync("/b");

        Assert.Equal(3, origin.Backend.Requests);
        Assert.InRange(origin.Balancer.Layer7.ListCache(path: "/a").Single().FreshSeconds, 3500, 3600);
    }

    [Fact]
    public async Task Age_counts_from_the_origin()
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.Age = "40";
            return CachedOrigin.AnswerAsync(context, "max-age=100");
        });

        using var miss = await origin.GetAsync();
        using var hit = await origin.GetAsync();

        Assert.InRange(hit.Headers.Age!.Value.TotalSeconds, 40, 60);
        // Whoever waited for the first one's answer may have it before that is stored.
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Layer7.ListCache().Count == 1);
        Assert.InRange(origin.Balancer.Layer7.ListCache().Single().FreshSeconds, 40, 60);
        Assert.Equal(miss.Headers.Date, hit.Headers.Date);
    }

    [Theory]
    [InlineData("no-cache", 2)]
    [InlineData("max-age=0", 2)]
    [InlineData("max-age=20", 2)]
    [InlineData("max-age=50", 1)]
    [InlineData("min-fresh=200", 2)]
    [InlineData("min-fresh=10", 1)]
    [InlineData("no-store", 1)]
    [InlineData("strange=1, =, ,,\"", 1)]
    public async Task Directives_of_the_request_are_followed(string directive, int requests)
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.Age = "30";
            return CachedOrigin.AnswerAsync(context, "max-age=100");
        });

        await origin.AskAsync();
        var (_, _, status) = await origin.AskAsync("/", ("Cache-Control", directive));

        Assert.Equal(requests, origin.Backend.Requests);
        Assert.Matches(requests == 2 ? "^edge; fwd=request; stored; ttl=(70|6[0-9])$" : "^edge; hit", status);
    }

    [Theory]
    [InlineData("max-age=10", "max-stale", 1)]
    [InlineData("max-age=10", "max-stale=3600", 1)]
    [InlineData("max-age=10", "max-stale=5", 2)]
    [InlineData("max-age=10, must-revalidate", "max-stale", 2)]
    [InlineData("max-age=10, proxy-revalidate", "max-stale", 2)]
    [InlineData("s-maxage=10", "max-stale", 2)]
    public async Task A_client_may_take_what_is_stale_unless_the_service_forbids_it(string answer, string request, int requests)
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.Age = "20";
            context.Response.Headers.ETag = "\"1\"";
            return CachedOrigin.AnswerAsync(context, answer);
        });

        await origin.AskAsync();
        await origin.AskAsync("/", ("Cache-Control", request));

        Assert.Equal(requests, origin.Backend.Requests);
    }

    [Fact]
    public async Task Only_if_cached_is_answered_from_memory_or_not_at_all()
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=60");

        var (missing, _, _) = await origin.AskAsync("/", ("Cache-Control", "only-if-cached"));
        await origin.AskAsync();
        var (stored, _, _) = await origin.AskAsync("/", ("Cache-Control", "only-if-cached"));

        Assert.Equal((HttpStatusCode.GatewayTimeout, HttpStatusCode.OK, 1), (missing, stored, origin.Backend.Requests));
    }

    [Theory]
    [InlineData("max-age=1", 1)]
    [InlineData("", 1)]
    [InlineData("max-age=0", 1)]
    [InlineData("no-store", 2)]
    [InlineData("private", 2)]
    [InlineData("no-cache", 2)]
    public async Task A_fixed_time_takes_the_place_of_freshness_and_of_nothing_else(string cacheControl, int requests)
    {
        await using var origin = await CachedOrigin.StartAsync(cacheControl, new() { Cache = new() { Duration = TimeSpan.FromMinutes(5) } });

        await origin.AskAsync();
        await origin.AskAsync();

        Assert.Equal(requests, origin.Backend.Requests);
        Assert.All(origin.Balancer.Layer7.ListCache(), answer => Assert.InRange(answer.FreshSeconds, 200, 300));
    }

    [Theory]
    [InlineData(404, "max-age=60", 1)]
    [InlineData(302, "max-age=60", 1)]
    [InlineData(500, "max-age=60", 1)]
    [InlineData(404, "", 2)]
    [InlineData(206, "max-age=60", 2)]
    public async Task Any_status_is_stored_that_says_how_long_it_is_fresh_save_parts(int code, string cacheControl, int requests)
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.StatusCode = code;
            return CachedOrigin.AnswerAsync(context, cacheControl);
        });

        await origin.AskAsync();
        var (status, _, _) = await origin.AskAsync();

        Assert.Equal((code, requests), ((int)status, origin.Backend.Requests));
    }

    [Theory]
    [InlineData("max-age=60", 3)]
    [InlineData("max-age=60, public", 1)]
    [InlineData("max-age=60, must-revalidate", 1)]
    [InlineData("s-maxage=60", 1)]
    public async Task What_a_client_got_with_credentials_is_shared_only_where_the_service_allows_it(string cacheControl, int requests)
    {
        await using var origin = await CachedOrigin.StartAsync(cacheControl);

        await origin.AskAsync("/", ("Authorization", "Bearer a"));
        await origin.AskAsync();
        await origin.AskAsync("/", ("Authorization", "Bearer b"));
        await origin.AskAsync();

        Assert.Equal(requests, origin.Backend.Requests);
    }

    [Fact]
    public async Task What_sets_a_cookie_is_for_one_client_unless_the_service_takes_the_cookie_out()
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Cookies.Append("session", "secret");
            return CachedOrigin.AnswerAsync(context, context.Request.Path == "/shared" ? "max-age=60, no-cache=\"Set-Cookie\"" : "max-age=60, public");
        });

        await origin.AskAsync("/");
        await origin.AskAsync("/");
        using var first = await origin.GetAsync("/shared");
        using var second = await origin.GetAsync("/shared");

        Assert.Equal(3, origin.Backend.Requests);
        Assert.Equal((true, false), (first.Headers.Contains("Set-Cookie"), second.Headers.Contains("Set-Cookie")));
    }

    [Fact]
    public async Task The_balancers_own_cookie_does_not_keep_an_answer_out_and_is_not_given_to_others()
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=60", new() { Cache = new(), SessionAffinity = new() });

        using var first = await origin.GetAsync();
        using var second = await origin.GetAsync();

        Assert.Equal(1, origin.Backend.Requests);
        Assert.Equal((true, false), (first.Headers.Contains("Set-Cookie"), second.Headers.Contains("Set-Cookie")));
    }
}
