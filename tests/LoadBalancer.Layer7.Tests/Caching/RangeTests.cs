using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class RangeTests
{
    [Theory]
    [InlineData("bytes=0-4", 206, "hello", "bytes 0-4/11")]
    [InlineData("bytes=6-", 206, "world", "bytes 6-10/11")]
    [InlineData("bytes=-3", 206, "rld", "bytes 8-10/11")]
    [InlineData("bytes=-100", 206, "hello world", "bytes 0-10/11")]
    [InlineData("bytes=4-999999999999999", 206, "o world", "bytes 4-10/11")]
    [InlineData("bytes=11-", 416, "", "bytes */11")]
    [InlineData("bytes=-0", 416, "", "bytes */11")]
    [InlineData("bytes=5-4", 200, "hello world", null)]
    [InlineData("bytes=0-1,3-4", 200, "hello world", null)]
    [InlineData("lines=0-1", 200, "hello world", null)]
    [InlineData("bytes=a-b", 200, "hello world", null)]
    public async Task A_part_is_cut_from_the_stored_whole(string range, int status, string body, string? contentRange)
    {
        await using var origin = await CachedOrigin.StartAsync("max-age=60");
        await origin.AskAsync();

        using var response = await origin.GetAsync("/", ("Range", range));

        Assert.Equal((status, body, 1), ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), origin.Backend.Requests));
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
        Assert.Equal(body.Length, response.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("\"1\"", 206)]
    [InlineData("\"2\"", 200)]
    [InlineData("W/\"1\"", 200)]
    [InlineData("Wed, 01 Jan 2020 00:00:00 GMT", 206)]
    [InlineData("Wed, 01 Jan 2020 00:00:01 GMT", 200)]
    public async Task If_range_has_to_name_the_stored_answer(string ifRange, int status)
    {
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.LastModified = "Wed, 01 Jan 2020 00:00:00 GMT";
            return CachedOrigin.AnswerAsync(context, "max-age=60");
        });
        await origin.AskAsync();

        Assert.Equal(status, (int)(await origin.AskAsync("/", ("Range", "bytes=0-1"), ("If-Range", ifRange))).Status);
    }

    [Fact]
    public async Task A_part_of_what_is_not_stored_is_the_services_business()
    {
        var ranges = new List<string>();
        await using var origin = await CachedOrigin.StartAsync(context =>
        {
            ranges.Add(context.Request.Headers.Range.ToString());
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = "bytes 0-1/11";
            return CachedOrigin.AnswerAsync(context, "max-age=60", "he");
        });

        await origin.AskAsync("/", ("Range", "bytes=0-1"));
        await origin.AskAsync("/", ("Range", "bytes=0-1"));

        Assert.Equal(["bytes=0-1", "bytes=0-1"], ranges);
        Assert.Empty(origin.Balancer.Layer7.ListCache());
    }
}
