using System.Net.Http.Json;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Tests.Selection;

/// <summary>Policies that need what only Layer 7 knows, over real sockets.</summary>
public sealed class PolicyTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, RouteHashKeyOptions> Keys => new()
    {
        { "header", new() { Header = "X-User" } },
        { "cookie", new() { Cookie = "user" } },
        { "query", new() { Query = "user" } },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task A_key_stays_on_its_backend_also_when_another_leaves(string what, RouteHashKeyOptions key)
    {
        var backends = new List<TestBackend>();
        for (var i = 0; i < 4; i++)
        {
            backends.Add(await TestBackend.StartAsync($"replica-{i}"));
        }

        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("hashed", new() { Policy = SelectionPolicy.ConsistentHash, HashKey = key })), [.. backends]);
        using var client = balancer.CreateClient();
        var users = Enumerable.Range(0, 80).Select(i => $"user-{i}").ToArray();

        var before = await AskAsync();
        Assert.Equal(4, before.Values.Distinct().Count());
        Assert.Equal(before, await AskAsync());

        balancer.SetBackends("web", [.. backends.Skip(1).Select(backend => backend.Address)]);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Members.Length == 3);
        var after = await AskAsync();

        // Of the table's entries that were not its own one in a thousand may move; see docs/policies.md.
        Assert.InRange(users.Count(user => before[user] != "replica-0" && before[user] != after[user]), 0, 3);
        Assert.DoesNotContain("replica-0", after.Values);
        foreach (var backend in backends)
        {
            await backend.DisposeAsync();
        }

        async Task<Dictionary<string, string>> AskAsync()
        {
            var replicas = new Dictionary<string, string>();
            foreach (var user in users)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, what == "query" ? $"/?user={user}" : "/");
                if (what != "query")
                {
                    request.Headers.Add(what == "header" ? "X-User" : "Cookie", what == "header" ? user : $"theme=dark; user={user}");
                }

                using var response = await client.SendAsync(request, Cancelled);
                replicas[user] = (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Replica;
            }

            return replicas;
        }
    }

    [Fact]
    public async Task SourceHash_hashes_the_address_whatever_the_key()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("hashed", new() { Policy = SelectionPolicy.SourceHash, HashKey = new() { Query = "user" } })), a, b);
        using var client = balancer.CreateClient();

        var replicas = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            replicas.Add((await client.GetFromJsonAsync<Answer>($"/?user={i}", Cancelled))!.Replica);
        }

        Assert.Single(replicas);
    }

    [Theory]
    [InlineData(SelectionPolicy.PeakEwma)]
    [InlineData(SelectionPolicy.RoundRobin)]
    public async Task A_backend_that_is_slow_to_answer_gets_far_less_of_PeakEwma_and_its_share_of_RoundRobin(SelectionPolicy policy)
    {
        const int Requests = 120;
        WebApplication[] servers = [await StartAsync(TimeSpan.FromSeconds(1)), await StartAsync(), await StartAsync(), await StartAsync()];

        var options = TestBalancer.Options(("paced", new()));
        options.Pools["web"].Policy = policy;
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [] }, waitForHealth: false);
        await balancer.SetBackendsAsync("web", [.. servers.Select(server => server.Urls.Single())]);
        var pool = balancer.Pools.Find("web")!;

        // Six clients, each with one request at a time.
        using var client = balancer.CreateClient(handler => handler.MaxConnectionsPerServer = 64);
        var left = Requests;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await client.GetStringAsync("/", Cancelled);
            }
        }));

        var slowPicks = pool.Snapshot.Members.Single(backend => backend.Id == new Uri(servers[0].Urls.Single()).Authority).Picks;
        if (policy == SelectionPolicy.PeakEwma)
        {
            // Asked once, it is twice as dear while it has not answered, and for many seconds after that.
            Assert.InRange(slowPicks, 1, Requests / 10);
            Assert.InRange(pool.GetStatistics().Backends[0].LatencyMilliseconds!.Value, 990, 60_000);
        }
        else
        {
            Assert.Equal(Requests / 4, slowPicks);
        }

        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_never_answers_costs_more_than_what_does_also_when_clients_give_up()
    {
        await using var a = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("hanging", new()));
        await using var balancer = await TestBalancer.StartAsync(options, a);
        using var client = balancer.CreateClient();
        var backend = balancer.Pools.Find("web")!.Snapshot.Members[0];
        using var given = new CancellationTokenSource();

        var hangs = client.GetAsync("/hang", given.Token);
        await TestBalancer.WaitUntilAsync(() => a.Requests == 1);
        await Task.Delay(TimeSpan.FromMilliseconds(300), Cancelled);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hangs);

        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends[0].LatencyMilliseconds >= 300);
        Assert.Equal(0, backend.Failures);
    }

    private static async Task<WebApplication> StartAsync(TimeSpan delay = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            await Task.Delay(delay, context.RequestAborted);
            await context.Response.WriteAsync("hello");
        });
        await app.StartAsync(Cancelled);
        return app;
    }
}
