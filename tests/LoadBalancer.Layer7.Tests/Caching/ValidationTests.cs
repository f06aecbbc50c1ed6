using System.Net;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class ValidationTests
{
    private const string Modified = "Wed, 01 Jan 2020 00:00:00 GMT";

    [Theory]
    [InlineData("If-None-Match", "\"1\"", 304)]
    [InlineData("If-None-Match", "W/\"1\"", 304)]
    [InlineData("If-None-Match", "\"0\", \"1\"", 304)]
    [InlineData("If-None-Match", "*", 304)]
    [InlineData("If-None-Match", "\"2\"", 200)]
    [InlineData("If-Modified-Since", Modified, 304)]
    [InlineData("If-Modified-Since", "Thu, 02 Jan 2020 00:00:00 GMT", 304)]
    [InlineData("If-Modified-Since", "Tue, 31 Dec 2019 00:00:00 GMT", 200)]
    [InlineData("If-Modified-Since", "yesterday", 200)]
    public async Task A_client_that_has_the_stored_answer_hears_so(string name, string value, int expected)
    {
        await using var origin = await StartAsync();
        await origin.AskAsync();

        using var response = await origin.GetAsync("/", (name, value));

        Assert.Equal((expected, 1), ((int)response.StatusCode, origin.Backend.Requests));
        Assert.Equal("\"1\"", response.Headers.ETag!.ToString());
        Assert.True(response.Headers.Age.HasValue);
        Assert.Equal(expected == 304 ? "" : "hello world", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(expected == 304, response.Content.Headers.ContentType is null);
    }

    [Fact]
    public async Task If_none_match_has_the_last_word()
    {
        await using var origin = await StartAsync();
        await origin.AskAsync();

        Assert.Equal(HttpStatusCode.OK, (await origin.AskAsync("/", ("If-None-Match", "\"2\""), ("If-Modified-Since", Modified))).Status);
    }

    [Fact]
    public async Task A_miss_asks_for_the_whole_although_the_client_has_it()
    {
        await using var origin = await StartAsync();

        var first = await origin.AskAsync("/", ("If-None-Match", "\"1\""));
        var second = await origin.AskAsync();

        Assert.Equal((HttpStatusCode.NotModified, ""), (first.Status, first.Body));
        Assert.Equal((HttpStatusCode.OK, "hello world", 1), (second.Status, second.Body, origin.Backend.Requests));
    }

    [Fact]
    public async Task Conditions_reach_the_service_where_nothing_can_be_stored()
    {
        await using var origin = await StartAsync("no-store");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.NotModified, (await origin.AskAsync("/", ("If-None-Match", "\"1\""))).Status);
        }

        Assert.Equal("edge; fwd=uri-miss", (await origin.AskAsync("/", ("If-None-Match", "\"1\""))).CacheStatus);
        Assert.Equal(4, origin.Backend.Requests);
    }

    [Theory]
    [InlineData("If-None-Match")]
    [InlineData("If-Modified-Since")]
    public async Task A_stale_answer_is_confirmed_and_fresh_again(string validator)
    {
        var seen = new List<string>();
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            var headers = context.Response.Headers;
            var isFirst = context.Request.Headers[validator].Count == 0;
            seen.Add(context.Request.Headers[validator].ToString());
            (headers.ETag, headers.LastModified) = validator == "If-None-Match" ? ("\"1\"", "") : ("", Modified);
            headers["X-Number"] = isFirst ? "first" : "second";
            headers.Age = isFirst ? "100" : "0";
            headers.CacheControl = isFirst ? "max-age=10" : "max-age=1000";
            if (isFirst)
            {
                headers["X-Kept"] = "yes";
                await context.Response.WriteAsync("body");
            }
            else
            {
                context.Response.StatusCode = 304;
            }
        });

        await origin.AskAsync();
        using var confirmed = await origin.GetAsync();
        using var hit = await origin.GetAsync();

        Assert.Equal(2, origin.Backend.Requests);
        Assert.Equal(["", validator == "If-None-Match" ? "\"1\"" : Modified], seen);
        foreach (var response in new[] { confirmed, hit })
        {
            Assert.Equal("body", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal("second", response.Headers.GetValues("X-Number").Single());
            Assert.Equal("yes", response.Headers.GetValues("X-Kept").Single());
        }

        // The backend's Date is a second old at times, or two, and on a busy machine more.
        Assert.Matches("^edge; fwd=stale; fwd-status=304; stored; ttl=(1000|99[0-9])$", CachedOrigin.CacheStatusOf(confirmed));
        Assert.StartsWith("edge; hit", CachedOrigin.CacheStatusOf(hit), StringComparison.Ordinal);
        Assert.Equal((1, 1, 1), (Cache(origin).Hits, Cache(origin).Revalidated, Cache(origin).Misses));
    }

    [Fact]
    public async Task A_client_with_the_same_answer_gets_304_after_the_service_was_asked()
    {
        await using var origin = await StartAsync("no-cache");
        await origin.AskAsync();

        var (status, _, cacheStatus) = await origin.AskAsync("/", ("If-None-Match", "\"1\""));

        Assert.Equal((HttpStatusCode.NotModified, 2), (status, origin.Backend.Requests));
        Assert.StartsWith("edge; fwd=stale; fwd-status=304", cacheStatus, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_with_an_old_answer_gets_the_new_one()
    {
        await using var origin = await StartAsync("no-cache");
        await origin.AskAsync();

        Assert.Equal((HttpStatusCode.OK, "hello world"), Two(await origin.AskAsync("/", ("If-None-Match", "\"0\""))));
        Assert.Equal((HttpStatusCode.OK, "hello world"), Two(await origin.AskAsync("/", ("Range", "bytes=0-100"), ("If-Range", "\"0\""))));
        Assert.Equal((HttpStatusCode.PartialContent, "world"), Two(await origin.AskAsync("/", ("Range", "bytes=6-"))));
        Assert.Equal(4, origin.Backend.Requests);
    }

    [Fact]
    public async Task A_changed_answer_takes_the_place_of_the_stale_one()
    {
        var version = 1;
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.ETag = $"\"{version}\"";
            return CachedOrigin.AnswerAsync(context, version == 1 ? "no-cache" : "max-age=60", $"version {version}");
        });

        await origin.AskAsync();
        version = 2;
        await origin.AskAsync();

        Assert.Equal("version 2", (await origin.AskAsync()).Body);
        Assert.Equal((2, 1), (origin.Backend.Requests, origin.Balancer.Layer7.ListCache().Count));
    }

    [Fact]
    public async Task What_the_service_does_not_want_stored_any_more_is_forgotten()
    {
        var control = "no-cache";
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.ETag = $"\"{control}\"";
            return CachedOrigin.AnswerAsync(context, control);
        });

        await origin.AskAsync();
        Assert.Single(origin.Balancer.Layer7.ListCache());
        control = "no-store";
        await origin.AskAsync();

        Assert.Empty(origin.Balancer.Layer7.ListCache());
    }

    [Fact]
    public async Task Head_is_answered_from_what_get_stored()
    {
        await using var origin = await StartAsync();
        await origin.AskAsync();

        using var response = await origin.SendAsync(HttpMethod.Head);

        Assert.Equal((HttpStatusCode.OK, 11, 1), (response.StatusCode, response.Content.Headers.ContentLength, origin.Backend.Requests));
        Assert.Equal("", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Head_by_itself_stores_nothing_and_finds_out_that_what_is_stored_is_outdated()
    {
        var tag = "\"1\"";
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.ETag = tag;
            return CachedOrigin.AnswerAsync(context, "no-cache");
        });

        using var missing = await origin.SendAsync(HttpMethod.Head);
        Assert.Empty(origin.Balancer.Layer7.ListCache());
        await origin.AskAsync();
        tag = "\"2\"";
        using var other = await origin.SendAsync(HttpMethod.Head);

        Assert.Equal(3, origin.Backend.Requests);
        Assert.Empty(origin.Balancer.Layer7.ListCache());
    }

    [Theory]
    [InlineData("If-Match", "\"1\"")]
    [InlineData("If-Unmodified-Since", Modified)]
    public async Task Conditions_that_are_the_services_to_judge_go_there(string name, string value)
    {
        await using var origin = await StartAsync();
        await origin.AskAsync();

        var (_, _, status) = await origin.AskAsync("/", (name, value));

        Assert.Equal((2, "edge; fwd=bypass"), (origin.Backend.Requests, status));
    }

    private static (HttpStatusCode, string) Two((HttpStatusCode Status, string Body, string) answer) => (answer.Status, answer.Body);

    private static Configuration.Statistics.CacheStatistics Cache(CachedOrigin origin) => origin.Balancer.Layer7.GetStatistics().Cache;

    private static Task<CachedOrigin> StartAsync(string cacheControl = "max-age=60") => CachedOrigin.StartAsync(context =>
    {
        var headers = context.Response.Headers;
        (headers.ETag, headers.LastModified, headers.CacheControl, headers.ContentType) = ("\"1\"", Modified, cacheControl, "text/plain");
        if (context.Request.Headers.IfNoneMatch == "\"1\"")
        {
            context.Response.StatusCode = 304;
            return Task.CompletedTask;
        }

        context.Response.ContentLength = 11;
        return context.Response.WriteAsync("hello world");
    });
}
