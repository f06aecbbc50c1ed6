using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Commands;
using LoadBalancer.Configuration.Statistics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Server.Tests;

/// <summary>Commands that concern the whole balancer.</summary>
public sealed class BalancerCommandTests
{
    private const string Token = "a-token-for-tests";
    private const string Key = "an-affinity-key-of-ours";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("DELETE", "/admin/statistics")]
    [InlineData("DELETE", "/admin/pools/shop/statistics")]
    [InlineData("GET", "/admin/configuration")]
    public async Task They_need_the_token(string method, string path)
    {
        await using var server = await TestServer.StartAsync(NewFile("http://127.0.0.1:9"));

        using var response = await server.Admin.SendAsync(new(new(method), path), Cancelled);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.DoesNotContain(Key, await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counters_begin_anew_and_what_there_is_stays()
    {
        await using var shop = await StartShopAsync();
        await using var server = await StartAsync(NewFile(shop.Urls.Single()));
        using var client = ClientOf(await server.GetStatisticsAsync());
        foreach (var path in new[] { "/cached", "/cached", "/cached", "/cached", "/plain", "/fails" })
        {
            using var response = await client.GetAsync(path, Cancelled);
        }

        await PostAsync(server, $"/admin/pools/shop/backends/{Uri.EscapeDataString(BackendOf(await server.GetStatisticsAsync()).Address)}/weight", """{ "weight": 3 }""");
        var before = await server.GetStatisticsAsync();

        var answer = await DeleteAsync(server, "/admin/statistics", StatisticsJsonContext.Default.BalancerStatistics);

        Assert.True(before.Pools.Sum(pool => pool.Backends.Single().Picks) >= 3);
        Assert.True(RouteOf(before, "shop").Requests >= 4);
        // Each pool of the split has an entry of its own.
        Assert.Equal((2, 2), (before.Layer7.Cache.Hits, before.Layer7.Cache.Entries));
        Assert.Equal(before.StartedAt, before.CountersSince, TimeSpan.FromSeconds(1));
        Assert.True(answer.CountersSince > before.CountersSince);
        foreach (var after in new[] { answer, await server.GetStatisticsAsync() })
        {
            Assert.Equal((0, 0, 0, 3), (BackendOf(after).Picks, BackendOf(after).Failures, BackendOf(after).Ejections, BackendOf(after).Weight));
            Assert.Equal(BackendOf(before).LatencyMilliseconds, BackendOf(after).LatencyMilliseconds);
            Assert.Equal(BackendState.Healthy, BackendOf(after).State);
            var route = RouteOf(after, "shop");
            Assert.Equal((0, 0, 0, 0), (route.Requests, route.Forwarded, route.CacheHits, route.Failed));
            Assert.All(route.Split, share => Assert.Equal(0, share.Requests));
            Assert.Equal([60, 40], route.Split.Select(share => share.Percent));
            Assert.Equal(0, after.Layer7.Listeners.Single().Requests);
            Assert.Equal((0, 0, 0), (after.Layer7.Cache.Hits, after.Layer7.Cache.Misses, after.Layer7.Cache.Bypassed));
            Assert.Equal(2, after.Layer7.Cache.Entries);
        }

        await client.GetStringAsync("/plain", Cancelled);
        var later = await server.GetStatisticsAsync();
        Assert.Equal((1, 1), (RouteOf(later, "shop").Requests, later.Layer7.Listeners.Single().Requests));
        Assert.Equal(1, later.Pools.Sum(pool => pool.Backends.Sum(backend => backend.Picks)));
    }

    [Fact]
    public async Task One_pool_begins_anew_and_the_others_go_on()
    {
        await using var shop = await StartShopAsync();
        await using var server = await StartAsync(NewFile(shop.Urls.Single()));
        using var client = ClientOf(await server.GetStatisticsAsync());
        for (var i = 0; i < 10; i++)
        {
            await client.GetStringAsync("/plain", Cancelled);
        }

        var before = await server.GetStatisticsAsync();
        var pool = await DeleteAsync(server, "/admin/pools/shop/statistics", CommandJsonContext.Default.PoolStatistics);
        var after = await server.GetStatisticsAsync();

        Assert.Equal(("shop", 0), (pool.Name, pool.Backends.Single().Picks));
        Assert.Equal((6, 4), (BackendOf(before).Picks, before.Pools.Single(pool => pool.Name == "canary").Backends.Single().Picks));
        Assert.Equal((0, 4), (BackendOf(after).Picks, after.Pools.Single(pool => pool.Name == "canary").Backends.Single().Picks));
        Assert.Equal((10, before.CountersSince), (RouteOf(after, "shop").Requests, after.CountersSince));
    }

    [Fact]
    public async Task Bytes_and_refusals_of_Layer_4_begin_anew_and_ejections_go_on()
    {
        await using var shop = await StartShopAsync();
        var file = NewFile(shop.Urls.Single());
        file.LoadBalancer.Layer4.Listeners["wire"] = new() { Address = "127.0.0.1:0", Pool = "shop" };
        await using var server = await StartAsync(file);
        var address = (await server.GetStatisticsAsync()).Layer4.Listeners.Single().Addresses.Single();
        using (var client = new HttpClient { BaseAddress = new($"http://{address}") })
        {
            await client.GetStringAsync("/plain", Cancelled);
        }

        // Its bytes are those of the listener before its row goes: for a moment they count twice.
        await server.WaitForAsync(now => now.Layer4.Listeners.Single() is { Active: 0, BytesToBackend: > 0 } && now.Layer4.Connections.Count == 0);
        var backend = $"/admin/pools/shop/backends/{Uri.EscapeDataString(BackendOf(await server.GetStatisticsAsync()).Address)}";
        await PostAsync(server, $"{backend}/eject", "");
        var before = await server.GetStatisticsAsync();
        await DeleteAsync(server, "/admin/statistics", StatisticsJsonContext.Default.BalancerStatistics);
        var after = await server.GetStatisticsAsync();

        var (counted, anew) = (before.Layer4.Listeners.Single(), after.Layer4.Listeners.Single());
        Assert.Equal((1, true, true), (counted.Accepted, counted.BytesToBackend > 0, counted.BytesToClient > 0));
        Assert.Equal((0, 0, 0, 0), (anew.Accepted, anew.BytesToBackend, anew.BytesToClient, anew.Refused));
        Assert.Equal((1, 0), (BackendOf(before).Ejections, BackendOf(after).Ejections));
        Assert.Equal((BackendState.Ejected, BackendOf(before).EjectedUntil), (BackendOf(after).State, BackendOf(after).EjectedUntil));
        await PostAsync(server, $"{backend}/resume", "");
        await PostAsync(server, $"{backend}/eject", "");
        Assert.Equal(1, BackendOf(await server.GetStatisticsAsync()).Ejections);
    }

    [Fact]
    public async Task The_configuration_is_shown_as_it_is_in_force_and_without_secrets()
    {
        await using var shop = await StartShopAsync();
        var file = NewFile(shop.Urls.Single());
        file.LoadBalancer.Layer7.Routes["shop"].Transforms = [new() { ["RequestHeader"] = "X-Api-Key", ["Set"] = "swordfish" }];
        await using var server = await StartAsync(file);
        await PutAsync(server, "/admin/pools/shop/policy", """{ "policy": "LeastConnections" }""");
        await PutAsync(server, "/admin/routes/shop/split", """{ "pools": { "canary": 25 } }""");
        var address = BackendOf(await server.GetStatisticsAsync()).Address;
        await PostAsync(server, $"/admin/pools/shop/backends/{Uri.EscapeDataString(address)}/weight", """{ "weight": 3 }""");

        using var response = await SendAsync(server, HttpMethod.Get, "/admin/configuration", null);
        var text = await response.Content.ReadAsStringAsync(Cancelled);

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.All([Token, Key, "swordfish"], secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        var shown = JsonDocument.Parse(text).RootElement;
        Assert.Equal("***", shown.GetProperty("LoadBalancer").GetProperty("Admin").GetProperty("Token").GetString());
        Assert.Equal("***", shown.GetProperty("LoadBalancer").GetProperty("Layer7").GetProperty("AffinityKey").GetString());
        Assert.Equal([shop.Urls.Single()], shown.GetProperty("Services").GetProperty("shop").GetProperty("http").EnumerateArray().Select(url => url.GetString()));

        // What is shown can be read again, and says what commands have changed.
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text.Replace("\"***\"", "\"another-secret-of-16\"", StringComparison.Ordinal)));
        var read = ConfigurationReader.Read(new ConfigurationBuilder().AddJsonStream(stream).Build());
        Assert.Empty(read.Errors);
        var backend = read.Options!.Pools["shop"].Backends.Values.Single();
        Assert.Equal((SelectionPolicy.LeastConnections, address, 3), (read.Options.Pools["shop"].Policy, backend.Address, backend.Weight));
        Assert.Equal(25, read.Options.Layer7.Routes["shop"].Split!.Pools["canary"]);
        Assert.Equal("a=1", read.Options.Layer7.Routes["marked"].Headers["X-Plain"].Single());
    }

    private static ConfigurationFile NewFile(string backend)
    {
        var file = new ConfigurationFile();
        file.LoadBalancer.Admin.Token = Token;
        file.LoadBalancer.Layer7.AffinityKey = Key;
        foreach (var pool in new[] { "shop", "canary" })
        {
            file.LoadBalancer.Pools[pool] = new() { HealthCheck = new() { Type = HealthCheckType.None }, PanicThreshold = 100 };
            file.Services[pool] = new() { ["http"] = [backend] };
        }

        file.LoadBalancer.Layer7.Listeners["http"] = new() { Address = "127.0.0.1:0" };
        file.LoadBalancer.Layer7.Routes["shop"] = new() { Pool = "shop", Cache = new(), Split = new() { Sticky = false, Pools = { ["canary"] = 40 } } };
        file.LoadBalancer.Layer7.Routes["marked"] = new() { Pool = "shop", Headers = { ["X-Plain"] = ["a=1"] } };
        return file;
    }

    private static async Task<TestServer> StartAsync(ConfigurationFile file)
    {
        var server = await TestServer.StartAsync(file);
        await server.WaitForAsync(now => now.Pools.All(pool => pool.Healthy == 1));
        return server;
    }

    private static async Task<WebApplication> StartShopAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            context.Response.Headers.CacheControl = context.Request.Path == "/cached" ? "max-age=60" : "no-store";
            context.Response.StatusCode = context.Request.Path == "/fails" ? 500 : 200;
            return context.Response.WriteAsync("x");
        });
        await app.StartAsync(Cancelled);
        return app;
    }

    private static HttpClient ClientOf(BalancerStatistics statistics) => new() { BaseAddress = new($"http://{statistics.Layer7.Listeners.Single().Addresses[0]}") };

    private static BackendStatistics BackendOf(BalancerStatistics statistics) => statistics.Pools.Single(pool => pool.Name == "shop").Backends.Single();

    private static RouteStatistics RouteOf(BalancerStatistics statistics, string name) => statistics.Layer7.Routes.Single(route => route.Name == name);

    private static async Task<T> DeleteAsync<T>(TestServer server, string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var response = await SendAsync(server, HttpMethod.Delete, path, null);
        return (await response.Content.ReadFromJsonAsync(type, Cancelled))!;
    }

    private static async Task PostAsync(TestServer server, string path, string body) => (await SendAsync(server, HttpMethod.Post, path, body)).Dispose();

    private static async Task PutAsync(TestServer server, string path, string body) => (await SendAsync(server, HttpMethod.Put, path, body)).Dispose();

    private static async Task<HttpResponseMessage> SendAsync(TestServer server, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Token) } };
        request.Content = body is null ? null : new StringContent(body);
        var response = await server.Admin.SendAsync(request, Cancelled);
        return response.EnsureSuccessStatusCode();
    }
}
