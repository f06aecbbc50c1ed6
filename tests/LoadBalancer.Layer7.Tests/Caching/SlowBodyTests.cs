using System.Net;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

/// <summary>
/// Answers whose body comes long after their head. The request before them left the client's connection open and the
/// backend's closed: so both connections of the next one are of one event loop, on which nothing may wait for the other.
/// </summary>
public sealed class SlowBodyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("max-age=60", 1)]
    [InlineData("no-store", 0)]
    public async Task The_head_goes_to_the_client_at_once(string cacheControl, int stored)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = await CachedOrigin.StartAsync(context => context.Request.Path == "/slow" ? SlowAsync(context, cacheControl, release.Task) : LastAsync(context));
        await origin.AskAsync("/first");

        using var slow = await origin.GetAsync("/slow").WaitAsync(Patience, Cancelled);
        var waiting = slow.Content.ReadAsStringAsync(Cancelled);
        Assert.False(waiting.IsCompleted);
        release.SetResult();

        Assert.Equal("hello world", await waiting.WaitAsync(Patience, Cancelled));
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Layer7.ListCache("/slow").Count == stored);
    }

    [Fact]
    public async Task An_error_that_an_old_answer_replaces_keeps_nobody_else_waiting()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = await CachedOrigin.StartAsync(async context =>
        {
            context.Response.Headers.Age = "20";
            if (context.Request.Headers.CacheControl == "no-cache")
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                await SlowAsync(context, "no-store", release.Task);
            }
            else if (context.Request.Path == "/old")
            {
                context.Response.Headers.Connection = "close";
                await CachedOrigin.AnswerAsync(context, "max-age=10, stale-if-error=60", "old");
            }
            else
            {
                await LastAsync(context);
            }
        });
        await origin.AskAsync("/old");

        var replaced = origin.AskAsync("/old", ("Cache-Control", "no-cache"));
        await TestBalancer.WaitUntilAsync(() => origin.Backend.Requests == 2);
        // As many as it takes to meet every loop.
        var others = await Task.WhenAll(Enumerable.Range(0, 4 * Environment.ProcessorCount).Select(i => origin.AskAsync($"/other-{i}"))).WaitAsync(Patience, Cancelled);
        Assert.All(others, other => Assert.Equal(HttpStatusCode.OK, other.Status));
        Assert.False(replaced.IsCompleted);
        release.SetResult();

        Assert.Equal((HttpStatusCode.OK, "old"), ((await replaced).Status, (await replaced).Body));
    }

    private static async Task SlowAsync(HttpContext context, string cacheControl, Task release)
    {
        context.Response.Headers.CacheControl = cacheControl;
        await context.Response.Body.FlushAsync();
        await release;
        await context.Response.WriteAsync("hello world");
    }

    private static Task LastAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        return CachedOrigin.AnswerAsync(context, "no-store");
    }
}
