using System.Net.Http.Headers;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Server.Tests;

public sealed class CacheCommandTests
{
    private const string Token = "a-token-for-tests";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task They_need_the_token(string method)
    {
        await using var server = await StartAsync("http://127.0.0.1:9");

        using var response = await server.Admin.SendAsync(new(new(method), "/admin/cache"), Cancelled);

        Assert.Equal(401, (int)response.StatusCode);
    }

    [Fact]
    public async Task What_is_stored_is_listed_and_removed_by_path_tag_route_or_all()
    {
        await using var shop = await StartShopAsync();
        await using var server = await StartAsync(shop.Urls.Single());
        await server.WaitForAsync(now => now.Pools[0].Healthy == 1);
        using var client = new HttpClient { BaseAddress = new($"http://{(await server.GetStatisticsAsync()).Layer7.Listeners[0].Addresses[0]}") };
        foreach (var path in new[] { "/a", "/a?b=1", "/b", "/c", "/c" })
        {
            await client.GetStringAsync(path, Cancelled);
        }

        var all = await SendAsync(server, HttpMethod.Get, "", CommandJsonContext.Default.CacheList);
        var limited = await SendAsync(server, HttpMethod.Get, "?path=/a&limit=1", CommandJsonContext.Default.CacheList);

        Assert.Equal((4, 4), (all.Total, all.Answers.Count));
        Assert.Equal(("/c", "shop", 200, 1), (new Uri(all.Answers[0].Url).AbsolutePath, all.Answers[0].Route, all.Answers[0].Status, all.Answers[0].Hits));
        Assert.Equal(["goods", "c"], all.Answers[0].Tags);
        Assert.Equal((2, 1), (limited.Total, limited.Answers.Count));
        var cache = (await server.GetStatisticsAsync()).Layer7.Cache;
        Assert.Equal((4, 1, 4), (cache.Entries, cache.Hits, cache.Misses));

        Assert.Equal(2, await PurgeAsync("?path=/a"));
        Assert.Equal(1, await PurgeAsync("?tag=b"));
        Assert.Equal(1, await PurgeAsync("?route=shop"));
        Assert.Equal(0, await PurgeAsync(""));
        await client.GetStringAsync("/a", Cancelled);
        Assert.Equal(1, await PurgeAsync(""));

        async Task<int> PurgeAsync(string query) => (await SendAsync(server, HttpMethod.Delete, query, CommandJsonContext.Default.CachePurge)).Removed;
    }

    [Theory]
    [InlineData("GET", "?limit=0", 400, "limit: '0' is not allowed; must be 1 to 10000")]
    [InlineData("GET", "?color=red", 400, "color: unknown filter; allowed are path, tag, route, limit")]
    [InlineData("DELETE", "?limit=1", 400, "limit: unknown filter; allowed are path, tag, route")]
    [InlineData("DELETE", "?tag=", 400, "tag: must have one value")]
    [InlineData("DELETE", "?tag=a&tag=b", 400, "tag: must have one value")]
    [InlineData("DELETE", "?path=about", 400, "path: 'about' is not allowed; must begin with '/', and may end with '*' for all that begin so")]
    [InlineData("DELETE", "?route=nosuch", 404, "There is no route 'nosuch' with a cache; there are shop.")]
    public async Task What_is_misspelt_removes_nothing_and_hears_what_is_allowed(string method, string query, int status, string detail)
    {
        await using var server = await StartAsync("http://127.0.0.1:9");
        using var request = Authorized(new(method), query);

        using var response = await server.Admin.SendAsync(request, Cancelled);

        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal(detail, (await response.Content.ReadFromJsonAsync(CommandJsonContext.Default.Problem, Cancelled))!.Detail);
    }

    private static async Task<T> SendAsync<T>(TestServer server, HttpMethod method, string query, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var request = Authorized(method, query);
        using var response = await server.Admin.SendAsync(request, Cancelled);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(type, Cancelled))!;
    }

    private static HttpRequestMessage Authorized(HttpMethod method, string query) =>
        new(method, "/admin/cache" + query) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Token) } };

    private static Task<TestServer> StartAsync(string backend)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Token = Token;
        file.LoadBalancer.Pools["shop"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        file.LoadBalancer.Layer7.Listeners["http"] = new() { Address = "127.0.0.1:0" };
        file.LoadBalancer.Layer7.Routes["shop"] = new() { Pool = "shop", Cache = new() { Tags = ["goods"] } };
        file.Services["shop"] = new() { ["http"] = [backend] };
        return TestServer.StartAsync(file);
    }

    private static async Task<WebApplication> StartShopAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.Headers["Cache-Tag"] = context.Request.Path.Value![1..];
            return context.Response.WriteAsync("x");
        });
        await app.StartAsync(Cancelled);
        return app;
    }
}
