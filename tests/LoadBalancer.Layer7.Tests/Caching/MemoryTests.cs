using System.Net;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class MemoryTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_too_large_passes_through_while_it_comes_and_is_not_stored(bool saysItsLength)
    {
        var release = new TaskCompletionSource();
        var half = new byte[100_000];
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.ContentLength = saysItsLength ? 2 * half.Length : null;
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.Body.WriteAsync(half);
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.Body.WriteAsync(half);
        }, configure: layer7 => layer7.Cache.MaxEntrySize = 50_000);

        using var response = await origin.GetAsync();
        await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
        await body.ReadExactlyAsync(new byte[half.Length], Cancelled);
        release.SetResult();
        await body.ReadExactlyAsync(new byte[half.Length], Cancelled);

        Assert.Equal(0, await body.ReadAsync(new byte[1], Cancelled));
        await origin.AskAsync();
        Assert.Equal(2, origin.Backend.Requests);
        Assert.Empty(origin.Balancer.Layer7.ListCache());
    }

    [Fact]
    public async Task The_least_used_answers_make_room_for_new_ones()
    {
        await using var origin = await CachedOrigin.StartAsync(
            context => CachedOrigin.AnswerAsync(context, "max-age=60", new string('x', 100_000)),
            configure: layer7 => layer7.Cache.MaxSize = 1_048_576);

        await origin.AskAsync("/used");
        for (var i = 0; i < 30; i++)
        {
            await origin.AskAsync($"/{i}");
            await origin.AskAsync("/used");
        }

        Assert.Equal(31, origin.Backend.Requests);
        var cache = origin.Balancer.Layer7.GetStatistics().Cache;
        Assert.InRange(cache.Bytes, 500_000, 1_048_576);
        Assert.Equal(30, cache.Hits);
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Layer7.GetStatistics().Cache is var now && now.Evictions == 31 - now.Entries);
    }

    [Fact]
    public async Task Many_kinds_of_requests_for_one_address_leave_room_for_others_and_lose_the_oldest_only()
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.Vary = "X-Kind";
            return CachedOrigin.AnswerAsync(context, "max-age=60", new string('x', 100_000));
        }, configure: layer7 => layer7.Cache.MaxSize = 1_048_576);

        await origin.AskAsync("/other");
        for (var i = 0; i < 20; i++)
        {
            await origin.AskAsync("/", ("X-Kind", $"{i}"));
        }

        Assert.Equal(5, origin.Balancer.Layer7.ListCache(path: "/").Count);
        await origin.AskAsync("/", ("X-Kind", "19"));
        await origin.AskAsync("/other");
        Assert.Equal(21, origin.Backend.Requests);
    }

    [Fact]
    public async Task A_changed_size_empties_the_memory()
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=60");
        await origin.AskAsync();

        await origin.Balancer.ApplyAsync(CachedOrigin.Options(configure: layer7 => layer7.Cache.MaxSize = 2_000_000));

        Assert.Equal((0, 2_000_000), (origin.Balancer.Layer7.GetStatistics().Cache.Entries, origin.Balancer.Layer7.GetStatistics().Cache.MaxBytes));
    }

    [Fact]
    public async Task A_stored_answer_needs_neither_backend_nor_pool()
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=60");
        await origin.AskAsync();
        await origin.Backend.DisposeAsync();
        var picks = Picks();

        var (status, body, _) = await origin.AskAsync();

        Assert.Equal((HttpStatusCode.OK, "hello world"), (status, body));
        Assert.Equal((1, 1, picks), (origin.Balancer.Route("cached").Forwarded, origin.Balancer.Route("cached").CacheHits, Picks()));

        long Picks() => origin.Balancer.Pools.Find("web")!.GetStatistics().Backends.Single().Picks;
    }

    [Fact]
    public async Task Large_answers_come_whole_from_memory()
    {
        var body = new byte[3_000_000];
        Random.Shared.NextBytes(body);
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.Body.WriteAsync(body);
        });

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(body, await origin.Client.GetByteArrayAsync("/", Cancelled));
        }

        Assert.Equal(1, origin.Backend.Requests);
    }

    [Fact]
    public async Task An_answer_without_a_body_stays_one()
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/none" ? StatusCodes.Status204NoContent : StatusCodes.Status200OK;
            context.Response.Headers.CacheControl = "max-age=60";
            return Task.CompletedTask;
        });

        foreach (var (path, status, length) in new[] { ("/none", 204, (long?)null), ("/empty", 200, 0) })
        {
            for (var i = 0; i < 2; i++)
            {
                using var response = await origin.GetAsync(path);
                Assert.Equal((status, ""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled)));
                Assert.Equal(status == 204, response.Content.Headers.ContentLength is null or 0 && length is null);
            }
        }

        Assert.Equal(2, origin.Backend.Requests);
    }

    [Theory]
    [InlineData("/plain?x=1", "http://balancer.example/plain?x=1")]
    [InlineData("/with%20space%3F", "http://balancer.example/with%20space%3F")]
    public async Task Addresses_are_told_apart_and_listed_as_clients_wrote_them(string path, string url)
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=60");

        await origin.AskAsync(path, ("Host", "Balancer.EXAMPLE"));
        await origin.AskAsync(path, ("Host", "balancer.example"));
        await origin.AskAsync(path, ("Host", "other.example"));

        Assert.Equal(2, origin.Backend.Requests);
        Assert.Contains(url, origin.Balancer.Layer7.ListCache().Select(answer => answer.Url));
    }

    [Fact]
    public async Task A_question_mark_in_the_path_is_not_that_of_a_query()
    {
        await using var origin = await CachedOrigin.StartAsync(context => CachedOrigin.AnswerAsync(context, "max-age=60", context.Request.QueryString.Value!));

        Assert.Equal("", (await origin.AskAsync("/a%3Fb=1")).Body);
        Assert.Equal("?b=1", (await origin.AskAsync("/a?b=1")).Body);
    }

    [Fact]
    public async Task Very_long_addresses_are_stored_too()
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=60");
        var path = "/" + new string('a', 3000);

        await origin.AskAsync(path);
        await origin.AskAsync(path);

        Assert.Equal(1, origin.Backend.Requests);
    }
}
