namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class VaryTests
{
    [Fact]
    public async Task Each_kind_of_request_has_an_answer_of_its_own()
    {
        await using var origin = await StartAsync("X-Kind");

        Assert.Equal("a", (await origin.AskAsync("/", ("X-Kind", "a"))).Body);
        var (_, body, status) = await origin.AskAsync("/", ("X-Kind", "b"));
        Assert.Equal("b", body);
        Assert.Matches("^edge; fwd=vary-miss; stored; ttl=(60|5[0-9])$", status);
        Assert.Equal("", (await origin.AskAsync()).Body);
        Assert.Equal(3, origin.Backend.Requests);

        Assert.Equal("a", (await origin.AskAsync("/", ("X-Kind", "a"))).Body);
        Assert.Equal("b", (await origin.AskAsync("/", ("X-Kind", "b"), ("X-Other", "1"))).Body);
        Assert.Equal("", (await origin.AskAsync()).Body);
        Assert.Equal(3, origin.Backend.Requests);
        Assert.Equal(["X-Kind: ", "X-Kind: a", "X-Kind: b"], origin.Balancer.Layer7.ListCache().Select(answer => answer.Vary.Single()).Order());
    }

    [Theory]
    [InlineData("*")]
    [InlineData("X-Kind, *")]
    [InlineData(", *")]
    public async Task What_varies_by_everything_is_not_stored(string vary)
    {
        await using var origin = await StartAsync(vary);

        await origin.AskAsync();
        await origin.AskAsync();

        Assert.Equal(2, origin.Backend.Requests);
    }

    [Theory]
    [InlineData("X-Kind", "a,b", "a , b")]
    [InlineData("Accept-Language", "de, en", "EN,De")]
    public async Task What_means_the_same_gets_the_same(string name, string first, string second)
    {
        await using var origin = await StartAsync(name);

        await origin.AskAsync("/", (name, first));
        await origin.AskAsync("/", (name, second));

        Assert.Equal(1, origin.Backend.Requests);
    }

    [Fact]
    public async Task A_header_that_the_route_matches_by_in_several_values_is_a_difference_although_the_service_does_not_say_so()
    {
        await using var origin = await CachedOrigin.StartAsync(
            context => CachedOrigin.AnswerAsync(context, "max-age=60", context.Request.Headers["X-Kind"].ToString()),
            new() { Cache = new(), Headers = { ["X-Kind"] = [] } });

        Assert.Equal("a", (await origin.AskAsync("/", ("X-Kind", "a"))).Body);
        Assert.Equal("b", (await origin.AskAsync("/", ("X-Kind", "b"))).Body);
    }

    [Fact]
    public async Task An_address_has_so_many_answers_and_no_more()
    {
        await using var origin = await StartAsync("X-Kind");

        for (var i = 0; i < 100; i++)
        {
            await origin.AskAsync("/", ("X-Kind", $"{i}"));
        }

        Assert.Equal(64, origin.Balancer.Layer7.ListCache().Count);
        await origin.AskAsync("/", ("X-Kind", "99"));
        Assert.Equal(100, origin.Backend.Requests);
    }

    private static Task<CachedOrigin> StartAsync(string vary) => CachedOrigin.StartAsync(context =>
    {
        context.Response.Headers.Vary = vary;
        return CachedOrigin.AnswerAsync(context, "max-age=60", context.Request.Headers["X-Kind"].ToString());
    });
}
