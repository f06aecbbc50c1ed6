using System.Net;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class Http2Tests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Streams_of_one_connection_share_answers()
    {
        await using var origin = await StartAsync(context => CachedOrigin.AnswerAsync(context, "max-age=60", new string('x', 200_000)));

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => origin.Client.GetStringAsync("/", Cancelled)));

        Assert.All(answers, answer => Assert.Equal(200_000, answer.Length));
        Assert.Equal(1, origin.Backend.Requests);
    }

    [Fact]
    public async Task Half_an_answer_is_reset_and_the_connection_stays()
    {
        await using var origin = await StartAsync(async context =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.WriteAsync("hello");
            if (context.Request.Path == "/half")
            {
                await context.Response.Body.FlushAsync();
                context.Abort();
            }
        });

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => origin.Client.GetStringAsync("/half", Cancelled));

        Assert.Equal("hello", await origin.Client.GetStringAsync("/whole", Cancelled));
        Assert.Equal("/whole", new Uri(origin.Balancer.Layer7.ListCache().Single().Url).AbsolutePath);
    }

    [Fact]
    public async Task Conditions_and_head_work_as_they_do_over_http_1()
    {
        await using var origin = await StartAsync(context =>
        {
            context.Response.Headers.ETag = "\"1\"";
            return CachedOrigin.AnswerAsync(context, "max-age=60");
        });

        Assert.Equal(HttpStatusCode.NotModified, (await origin.AskAsync("/", ("If-None-Match", "\"1\""))).Status);
        // The client has its answer before the rest of what is stored has come.
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Layer7.ListCache().Count == 1);
        using var head = await origin.SendAsync(HttpMethod.Head);

        Assert.Equal((11, 1), (head.Content.Headers.ContentLength, origin.Backend.Requests));
    }

    private static async Task<CachedOrigin> StartAsync(RequestDelegate answer)
    {
        var origin = await CachedOrigin.StartAsync(answer, configure: layer7 => layer7.Listeners["http"].Protocols = HttpListenerProtocols.Http2);
        origin.Client.DefaultRequestVersion = HttpVersion.Version20;
        origin.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return origin;
    }
}
