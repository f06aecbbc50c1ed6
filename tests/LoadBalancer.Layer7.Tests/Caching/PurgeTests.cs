namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class PurgeTests
{
    [Fact]
    public async Task Tags_come_from_route_and_service_and_the_service_alone_sees_its_header()
    {
        await using var origin = await TaggedAsync();

        using var miss = await origin.GetAsync("/products/1");
        using var hit = await origin.GetAsync("/products/1");

        // Whoever waited for the first one's answer may have it before that is stored.
        await TestBalancer.WaitUntilAsync(() => origin.Balancer.Layer7.ListCache().Count == 1);
        Assert.Equal(["shop", "product-1", "all"], origin.Balancer.Layer7.ListCache().Single().Tags);
        Assert.False(miss.Headers.Contains("Cache-Tag"));
        Assert.False(hit.Headers.Contains("Cache-Tag"));
    }

    [Theory]
    [InlineData("/products/1", null, null, 2)]
    [InlineData("/products/1?x=1", null, null, 1)]
    [InlineData("/products/*", null, null, 3)]
    [InlineData("/products", null, null, 0)]
    [InlineData(null, "product-1", null, 2)]
    [InlineData(null, "PRODUCT-2", null, 1)]
    [InlineData(null, "shop", null, 4)]
    [InlineData(null, null, "Cached", 4)]
    [InlineData(null, null, "another", 0)]
    [InlineData("/products/2", "product-1", null, 0)]
    [InlineData(null, null, null, 4)]
    public async Task What_is_meant_is_removed(string? path, string? tag, string? route, int removed)
    {
        await using var origin = await TaggedAsync();
        foreach (var address in new[] { "/products/1", "/products/1?x=1", "/products/2", "/about" })
        {
            await origin.AskAsync(address);
        }

        Assert.Equal(removed, origin.Balancer.Layer7.ListCache(path, tag, route).Count);
        Assert.Equal(removed, origin.Balancer.Layer7.PurgeCache(path, tag, route));
        Assert.Equal(4 - removed, origin.Balancer.Layer7.ListCache().Count);
        Assert.Equal(0, origin.Balancer.Layer7.PurgeCache(path, tag, route));
    }

    [Fact]
    public async Task The_list_says_what_there_is()
    {
        await using var origin = await TaggedAsync();
        await origin.AskAsync("/about");
        await origin.AskAsync("/products/1");
        await origin.AskAsync("/products/1");

        var list = origin.Balancer.Layer7.ListCache();

        Assert.Equal(["/products/1", "/about"], list.Select(answer => new Uri(answer.Url).AbsolutePath));
        Assert.Equal(("cached", 200, 1, false), (list[0].Route, list[0].Status, list[0].Hits, list[0].HasValidator));
        Assert.InRange(list[0].Bytes, 100, 2000);
        Assert.InRange(list[0].FreshSeconds, 30, 60);
    }

    private static Task<CachedOrigin> TaggedAsync() => CachedOrigin.StartAsync(context =>
    {
        if (context.Request.Path.Value is ['/', 'p', .., var number])
        {
            context.Response.Headers["Cache-Tag"] = $"product-{number} all";
        }

        return CachedOrigin.AnswerAsync(context, "max-age=60");
    }, new() { Cache = new() { Tags = ["shop"] } });
}
