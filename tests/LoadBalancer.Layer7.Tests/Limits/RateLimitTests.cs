using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Limits;

public sealed class RateLimitTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RateLimitAlgorithm.FixedWindow, 3_500, 3_600)]
    [InlineData(RateLimitAlgorithm.SlidingWindow, 3_500, 3_600)]
    [InlineData(RateLimitAlgorithm.TokenBucket, 1_100, 1_200)]
    public async Task More_requests_than_allowed_are_429_and_told_when_to_come_again(RateLimitAlgorithm algorithm, int shortest, int longest)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Algorithm = algorithm, Requests = 3, Window = TimeSpan.FromHours(1) }, backend);
        using var client = balancer.CreateClient();

        Assert.Equal("200 200 200 429 429", await SendAsync(client, 5));

        using var refused = await client.GetAsync("/", Cancelled);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, shortest, longest);
        using var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("RateLimited", problem.RootElement.GetProperty("reason").GetString());
        Assert.Equal("all", problem.RootElement.GetProperty("route").GetString());
        Assert.Equal(3, backend.Requests);
        Assert.Equal((6, 3, 3), (balancer.Route("all").Requests, balancer.Route("all").Forwarded, balancer.Route("all").Limits!.RateLimited));
    }

    [Fact]
    public async Task Retry_after_is_rounded_up_to_whole_seconds()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Algorithm = RateLimitAlgorithm.FixedWindow, Requests = 1, Window = TimeSpan.FromMilliseconds(400) }, backend);
        using var client = balancer.CreateClient();

        string? header = null;
        await TestBalancer.WaitUntilAsync(async () =>
        {
            using var response = await client.GetAsync("/", Cancelled);
            header = response.StatusCode == HttpStatusCode.TooManyRequests ? response.Headers.GetValues("Retry-After").Single() : null;
            return header is not null;
        });

        Assert.Equal("1", header);
    }

    [Theory]
    [InlineData(RateLimitAlgorithm.FixedWindow)]
    [InlineData(RateLimitAlgorithm.SlidingWindow)]
    [InlineData(RateLimitAlgorithm.TokenBucket)]
    public async Task Who_comes_again_later_is_served(RateLimitAlgorithm algorithm)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Algorithm = algorithm, Requests = 1, Window = TimeSpan.FromSeconds(1) }, backend);
        using var client = balancer.CreateClient();

        var answers = new List<int>();
        await TestBalancer.WaitUntilAsync(async () =>
        {
            answers.Add((int)(await client.GetAsync("/", Cancelled)).StatusCode);
            return answers is [.., 429, 200];
        });

        Assert.Equal(200, answers[0]);
    }

    [Fact]
    public async Task Over_time_a_token_bucket_lets_through_what_its_rate_says()
    {
        // 1,500 a second: a bucket that is filled by a timer would not keep this pace.
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(new() { Requests = 1_500, Burst = 1, Key = RateLimitKey.Global }, backend);
        using var client = balancer.CreateClient();
        var since = TimeProvider.System.GetTimestamp();
        var served = 0;
        while (TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(1))
        {
            served += await SendAsync(client, 1) == "200" ? 1 : 0;
        }

        Assert.InRange(served, 1, (1_500 * TimeProvider.System.GetElapsedTime(since).TotalSeconds) + 1);
    }

    [Fact]
    public async Task Values_of_a_header_are_counted_apart_and_requests_without_it_together()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(Hourly(2) with { Key = RateLimitKey.Header, Header = "X-Api-Key" }, backend);
        using var client = balancer.CreateClient();

        Assert.Equal("200 200 429", await SendAsync(client, 3, "anna"));
        Assert.Equal("200 200 429", await SendAsync(client, 3, "berta"));
        Assert.Equal("200 200 429", await SendAsync(client, 3));
        Assert.Equal("429", await SendAsync(client, 1, "anna"));
    }

    [Theory]
    [InlineData(RateLimitKey.ClientAddress, 200)]
    [InlineData(RateLimitKey.Global, 429)]
    public async Task Clients_are_counted_apart_or_together(RateLimitKey key, int expectedForTheOther)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has all of 127.0.0.0/8");
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(Hourly(2) with { Key = key }, backend);
        using var first = balancer.CreateClient();
        using var other = balancer.CreateClient(handler => handler.ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.9"), 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        });

        Assert.Equal("200 200 429", await SendAsync(first, 3));
        Assert.Equal($"{expectedForTheOther}", await SendAsync(other, 1));
    }

    [Fact]
    public async Task A_reload_that_leaves_the_limit_as_it_is_forgets_nothing()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new() { RateLimit = Hourly(2) }));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var client = balancer.CreateClient();
        Assert.Equal("200 200 429", await SendAsync(client, 3));

        var changed = TestBalancer.Options(("all", new() { RateLimit = Hourly(2), Timeouts = new() { Idle = TimeSpan.FromSeconds(7) } }), ("more", new() { Path = "/more" }));
        changed.Pools = options.Pools;
        await balancer.ApplyAsync(changed);
        Assert.Equal("429", await SendAsync(client, 1));
        Assert.Equal(2, balancer.Route("all").Limits!.RateLimited);

        changed.Layer7.Routes["all"].RateLimit = Hourly(3);
        await balancer.ApplyAsync(changed);
        Assert.Equal("200 200 200 429", await SendAsync(client, 4));
        Assert.Equal(3, balancer.Route("all").Limits!.RateLimited);

        changed.Layer7.Routes["all"].RateLimit = null;
        await balancer.ApplyAsync(changed);
        Assert.Equal("200", await SendAsync(client, 1));
        Assert.Null(balancer.Route("all").Limits);
    }

    private static RateLimitOptions Hourly(int requests) => new() { Requests = requests, Window = TimeSpan.FromHours(1) };

    private static Task<TestBalancer> StartAsync(RateLimitOptions limit, TestBackend backend) =>
        TestBalancer.StartAsync(TestBalancer.Options(("all", new() { RateLimit = limit })), backend);

    private static async Task<string> SendAsync(HttpClient client, int times, string? key = null)
    {
        var statuses = new int[times];
        for (var i = 0; i < times; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            if (key is not null)
            {
                request.Headers.Add("X-Api-Key", key);
            }

            using var response = await client.SendAsync(request, Cancelled);
            statuses[i] = (int)response.StatusCode;
        }

        return string.Join(' ', statuses);
    }
}
