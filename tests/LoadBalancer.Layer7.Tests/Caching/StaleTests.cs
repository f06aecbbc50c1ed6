using System.Net;
using LoadBalancer.Layer7.Tests.Forwarding.Http1;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class StaleTests
{
    [Fact]
    public async Task A_stale_answer_is_used_at_once_while_it_is_fetched_anew()
    {
        var release = new TaskCompletionSource();
        var path = "";
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            var isFirst = context.Request.Headers.IfNoneMatch.Count == 0;
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.Age = isFirst ? "20" : "0";
            if (!isFirst)
            {
                path = context.Request.Path + context.Request.QueryString + context.Request.Headers["X-Forwarded-For"];
                await release.Task;
            }

            await CachedOrigin.AnswerAsync(context, "max-age=10, stale-while-revalidate=60", isFirst ? "old" : "new");
        }, new() { Path = "/under/{**rest}", RemovePrefix = "/under", Cache = new() });

        await origin.AskAsync("/under/a?b=c");
        for (var i = 0; i < 5; i++)
        {
            var (_, body, status) = await origin.AskAsync("/under/a?b=c");
            Assert.Equal("old", body);
            Assert.StartsWith("edge; hit; ttl=-1", status, StringComparison.Ordinal);
        }

        await TestBalancer.WaitUntilAsync(() => origin.Backend.Requests == 2);
        release.SetResult();
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Layer7.ListCache().Single().FreshSeconds > 0);

        Assert.Equal("new", (await origin.AskAsync("/under/a?b=c")).Body);
        Assert.Equal((2, "/a?b=c127.0.0.1"), (origin.Backend.Requests, path));
        Assert.Equal(5, origin.Balancer.Layer7.GetStatistics().Cache.Stale);
    }

    [Fact]
    public async Task Past_its_window_a_stale_answer_is_not_used()
    {
        await using var origin = await StaleAsync("max-age=10, stale-while-revalidate=5");

        await origin.AskAsync();
        await origin.AskAsync();

        Assert.Equal(2, origin.Backend.Requests);
    }

    [Theory]
    [InlineData("max-age=10, stale-if-error=60", "", 200)]
    [InlineData("s-maxage=10, stale-if-error=60", "", 200)]
    [InlineData("max-age=10", "stale-if-error=60", 200)]
    [InlineData("max-age=10, stale-if-error=5", "", 503)]
    [InlineData("max-age=10", "", 503)]
    [InlineData("max-age=10, stale-if-error=60, must-revalidate", "stale-if-error=60", 503)]
    public async Task A_stale_answer_replaces_an_error_where_that_is_allowed(string answer, string request, int expected)
    {
        var fails = false;
        await using var origin = await StaleAsync(answer, context => fails ? 503 : 200);
        await origin.AskAsync();
        fails = true;

        var (status, _, cacheStatus) = request.Length == 0 ? await origin.AskAsync() : await origin.AskAsync("/", ("Cache-Control", request));

        Assert.Equal((expected, 2), ((int)status, origin.Backend.Requests));
        Assert.Equal(expected == 200 ? "edge; fwd=stale; fwd-status=503" : "edge; fwd=stale", cacheStatus);
    }

    [Fact]
    public async Task It_does_so_too_when_the_service_cannot_be_reached()
    {
        await using var origin = await StaleAsync("max-age=10, stale-if-error=60");
        await origin.AskAsync();
        await origin.Backend.DisposeAsync();

        var (status, body, _) = await origin.AskAsync();

        Assert.Equal((HttpStatusCode.OK, "hello world"), (status, body));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await origin.AskAsync("/other")).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_broke_off_in_the_background_is_not_mixed_with_what_follows(bool byYarp)
    {
        if (byYarp)
        {
            TestBalancer.ForwardByYarp();
        }

        await using var backend = new ScriptedBackend(async exchange =>
        {
            // Each connection has one request.
            var (age, chunks) = exchange.Connection switch { 1 => (20, "3\r\nold\r\n0\r\n\r\n"), 2 => (0, "5\r\nhalf-\r\n"), _ => (0, "3\r\nnew\r\n0\r\n\r\n") };
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nAge: {age}\r\nCache-Control: max-age=10, stale-while-revalidate=60\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            exchange.Close();
        });
        await using var balancer = await backend.StartBalancerAsync(new() { Cache = new() });
        using var client = await RawClient.ConnectAsync(balancer);
        Assert.Equal("old", (await client.GetAsync()).Body);

        string body;
        do
        {
            body = (await client.GetAsync()).Body;
            Assert.True(body is "old" or "new", body);
        }
        while (body == "old");
    }

    private static Task<CachedOrigin> StaleAsync(string cacheControl, Func<HttpContext, int>? status = null) => CachedOrigin.StartAsync(context =>
    {
        context.Response.StatusCode = status?.Invoke(context) ?? 200;
        context.Response.Headers.Age = "20";
        context.Response.Headers.ETag = "\"1\"";
        return CachedOrigin.AnswerAsync(context, cacheControl);
    });
}
