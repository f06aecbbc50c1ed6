using System.Net;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class CollapsingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hundred_misses_at_a_time_are_one_request(bool saysItsLength)
    {
        var release = new TaskCompletionSource();
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.ContentLength = saysItsLength ? 11 : null;
            await release.Task;
            await CachedOrigin.AnswerAsync(context, "max-age=60");
        });

        var answers = Enumerable.Range(0, 100).Select(_ => origin.AskAsync()).ToArray();
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Route("cached").Requests == 100);
        release.SetResult();

        foreach (var (status, body, _) in await Task.WhenAll(answers))
        {
            Assert.Equal((HttpStatusCode.OK, "hello world"), (status, body));
        }

        Assert.Equal(1, origin.Backend.Requests);
        var cache = origin.Balancer.Layer7.GetStatistics().Cache;
        Assert.Equal((1, 99), (cache.Misses, cache.Collapsed + cache.Hits));
    }

    [Fact]
    public async Task Those_who_wait_read_along_while_the_answer_comes()
    {
        var release = new TaskCompletionSource();
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.ContentLength = 10;
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.WriteAsync("first");
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.WriteAsync("later");
        });

        using var leader = await origin.GetAsync().WaitAsync(Patience, Cancelled);
        using var follower = await origin.GetAsync().WaitAsync(Patience, Cancelled);
        Assert.Equal("edge; fwd=uri-miss; collapsed", CachedOrigin.CacheStatusOf(follower));
        await using var body = await follower.Content.ReadAsStreamAsync(Cancelled);
        var buffer = new byte[5];
        await body.ReadExactlyAsync(buffer, Cancelled);
        Assert.Equal("first"u8, buffer);
        release.SetResult();
        await body.ReadExactlyAsync(buffer, Cancelled);

        Assert.Equal("later"u8, buffer);
        Assert.Equal("firstlater", await leader.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(1, origin.Backend.Requests);
    }

    [Fact]
    public async Task What_cannot_be_shared_is_asked_for_side_by_side()
    {
        var arrived = 0;
        var all = new TaskCompletionSource();
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref arrived) == 10)
            {
                all.SetResult();
            }

            context.Response.Headers.CacheControl = "private";
            await context.Response.WriteAsync("beginning");
            await context.Response.Body.FlushAsync();
            await all.Task;
        });

        var answers = Enumerable.Range(0, 10).Select(_ => origin.AskAsync()).ToArray();

        // Each waits for all others to have come: were they one after the other, none would end.
        await Task.WhenAll(answers).WaitAsync(Patience, Cancelled);
        Assert.Equal(10, origin.Backend.Requests);
    }

    [Fact]
    public async Task An_event_stream_or_an_endless_answer_keeps_nobody_waiting()
    {
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });

        using var first = await origin.GetAsync("/", ("Accept", "text/event-stream")).WaitAsync(Patience, Cancelled);
        using var second = await origin.GetAsync("/", ("Accept", "text/event-stream")).WaitAsync(Patience, Cancelled);
        using var third = await origin.GetAsync().WaitAsync(Patience, Cancelled);
        using var fourth = await origin.GetAsync().WaitAsync(Patience, Cancelled);

        Assert.Equal(4, origin.Backend.Requests);
        await using var body = await fourth.Content.ReadAsStreamAsync(Cancelled);
        var buffer = new byte[9];
        await body.ReadExactlyAsync(buffer, Cancelled);
        Assert.Equal("data: 1\n\n"u8, buffer);
    }

    [Fact]
    public async Task A_client_that_goes_away_does_not_take_the_answer_from_the_others()
    {
        var release = new TaskCompletionSource();
        var aborted = false;
        var asked = 0;
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            if (context.Request.Path == "/")
            {
                Interlocked.Increment(ref asked);
                await release.Task;
                aborted = context.RequestAborted.IsCancellationRequested;
            }

            await CachedOrigin.AnswerAsync(context, "max-age=60");
        });
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        var leader = origin.Client.GetAsync("/", leaves.Token);
        await TestBalancer.WaitUntilAsync(() => origin.Backend.Requests == 1);
        var follower = origin.AskAsync();
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Route("cached").Requests == 2);
        // A request counts a moment before it waits for the other's answer. As many more as it takes to meet every loop come after that.
        await Task.WhenAll(Enumerable.Range(0, 4 * Environment.ProcessorCount).Select(i => origin.AskAsync($"/other-{i}"))).WaitAsync(Patience, Cancelled);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader);
        release.SetResult();

        Assert.Equal("hello world", (await follower).Body);
        Assert.Equal((1, false), (asked, aborted));
    }

    [Fact]
    public async Task A_request_that_nobody_waits_for_any_more_ends_at_the_service_too()
    {
        var ended = new TaskCompletionSource();
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ended.TrySetResult();
        });
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        var leader = origin.Client.GetAsync("/", leaves.Token);
        await TestBalancer.WaitUntilAsync(() => origin.Backend.Requests == 1);
        await leaves.CancelAsync();

        await ended.Task.WaitAsync(Patience, Cancelled);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader);
    }

    [Fact]
    public async Task Requests_of_different_kinds_do_not_wait_for_each_other_once_it_is_known_that_they_differ()
    {
        var release = new TaskCompletionSource();
        var arrived = 0;
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            var kind = context.Request.Headers["X-Kind"].ToString();
            context.Response.Headers.Vary = "X-Kind";
            if (kind != "0")
            {
                Interlocked.Increment(ref arrived);
                await release.Task;
            }

            await CachedOrigin.AnswerAsync(context, "max-age=60", kind);
        });
        await origin.AskAsync("/", ("X-Kind", "0"));

        var answers = Enumerable.Range(0, 20).Select(i => origin.AskAsync("/", ("X-Kind", $"{1 + (i % 4)}"))).ToArray();
        await TestBalancer.WaitUntilAsync(() => Volatile.Read(ref arrived) == 4 && origin.Balancer.Route("cached").Requests == 21);
        release.SetResult();
        var bodies = (await Task.WhenAll(answers)).Select(answer => answer.Body);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{1 + (i % 4)}"), bodies);
        Assert.Equal(5, origin.Backend.Requests);
    }

    [Fact]
    public async Task Half_an_answer_breaks_off_for_all_who_read_it_and_is_not_stored()
    {
        var release = new TaskCompletionSource();
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.ContentLength = 10;
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.WriteAsync("hello");
            await context.Response.Body.FlushAsync();
            await release.Task;
            context.Abort();
        });

        using var leader = await origin.GetAsync().WaitAsync(Patience, Cancelled);
        using var follower = await origin.GetAsync().WaitAsync(Patience, Cancelled);
        release.SetResult();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => leader.Content.ReadAsStringAsync(Cancelled));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => follower.Content.ReadAsStringAsync(Cancelled));
        Assert.Empty(origin.Balancer.Layer7.ListCache());
    }

    [Fact]
    public async Task A_client_that_does_not_read_keeps_nobody_waiting()
    {
        var body = new byte[4 * 1024 * 1024];
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.Body.WriteAsync(body);
        });

        using var slow = await origin.GetAsync().WaitAsync(Patience, Cancelled);
        using var other = await origin.Client.GetAsync("/", Cancelled).WaitAsync(Patience, Cancelled);

        Assert.Equal(body.Length, (await other.Content.ReadAsByteArrayAsync(Cancelled)).Length);
        Assert.Equal(1, origin.Backend.Requests);
        Assert.Equal(body.Length, (await slow.Content.ReadAsByteArrayAsync(Cancelled)).Length);
    }
}
