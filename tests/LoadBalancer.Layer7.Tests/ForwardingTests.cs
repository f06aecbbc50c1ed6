using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests;

public class ForwardingTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_of_one_kept_alive_connection_are_spread_over_all_backends()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var c = await TestBackend.StartAsync("c");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), a, b, c);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 300; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        Assert.All([a, b, c], backend => Assert.InRange(backend.Requests, 90, 110));
        Assert.Equal(300, balancer.Pools.Find("web")!.GetStatistics().Backends.Sum(backend => backend.Picks));
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends.All(backend => backend.Active == 0));
    }

    [Fact]
    public async Task The_backend_learns_client_host_and_scheme_and_cannot_be_lied_to()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        using var client = balancer.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/x");
        request.Headers.Host = "shop.example";
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        request.Headers.Add("X-Forwarded-Proto", "https");

        using var response = await client.SendAsync(request, Cancelled);
        var headers = (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Headers;

        Assert.Equal("127.0.0.1", headers["X-Forwarded-For"]);
        Assert.Equal("shop.example", headers["X-Forwarded-Host"]);
        Assert.Equal("http", headers["X-Forwarded-Proto"]);
    }

    [Theory]
    [InlineData(SelectionPolicy.SourceHash, 1)]
    [InlineData(SelectionPolicy.RoundRobin, 3)]
    public async Task A_route_can_override_the_policy_of_its_pool(SelectionPolicy policy, int expectedBackends)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var c = await TestBackend.StartAsync("c");
        var options = TestBalancer.Options(("all", new() { Policy = policy }));
        options.Pools["web"].Policy = SelectionPolicy.PowerOfTwoChoices;
        await using var balancer = await TestBalancer.StartAsync(options, a, b, c);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 12; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        Assert.Equal(expectedBackends, new[] { a, b, c }.Count(backend => backend.Requests > 0));
        Assert.Equal(policy, balancer.Route("all").Policy);
    }

    [Fact]
    public async Task A_backend_that_stops_leaves_and_the_others_go_on_without_a_failure()
    {
        await using var a = await TestBackend.StartAsync("a");
        var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), a, b);
        await b.DisposeAsync();
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Available.Length == 1);

        using var client = balancer.CreateClient();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("a", (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica);
        }

        Assert.Equal(BackendState.Unhealthy, balancer.Pools.Find("web")!.GetStatistics().Backends.Single(backend => backend.Name == "b").State);
    }

    [Fact]
    public async Task A_request_whose_backend_cannot_be_connected_goes_to_another_body_and_all()
    {
        await using var a = await TestBackend.StartAsync("a");
        var b = await TestBackend.StartAsync("b");
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        await b.DisposeAsync();
        using var client = balancer.CreateClient();

        for (var i = 0; i < 20; i++)
        {
            using var body = new StringContent("0123456789");
            using var response = await client.PostAsync("/length", body, Cancelled);
            var answer = await response.Content.ReadFromJsonAsync<Answer>(Cancelled);
            Assert.Equal(("a", 10), (answer!.Replica, answer.Length));
        }

        // A client has its answer a moment before the backend is given back.
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        var backends = balancer.Pools.Find("web")!.GetStatistics().Backends;
        Assert.Equal(20, balancer.Route("all").Forwarded);
        Assert.InRange(backends.Single(backend => backend.Name == "b").Failures, 1, 20);
        Assert.Equal(0, balancer.Route("all").Failed);
    }

    [Fact]
    public async Task When_no_backend_can_be_connected_the_answer_is_503()
    {
        var a = await TestBackend.StartAsync("a");
        var b = await TestBackend.StartAsync("b");
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        await a.DisposeAsync();
        await b.DisposeAsync();
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var statistics = balancer.Pools.Find("web")!.GetStatistics();
        Assert.All(statistics.Backends, backend => Assert.Equal((1, 0), (backend.Failures, backend.Active)));
        Assert.Equal(1, balancer.Route("all").Failed);
    }

    [Fact]
    public async Task A_backend_that_joins_gets_requests_and_one_that_leaves_gets_no_more()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), a);
        using var client = balancer.CreateClient();

        balancer.SetBackends("web", a.Address, b.Address);
        await TestBalancer.WaitUntilAsync(async () => (await client.GetFromJsonAsync<Answer>("/", Cancelled))!.Replica == "b" || b.Requests > 0);

        balancer.SetBackends("web", b.Address);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Members.Length == 1);
        var before = a.Requests;
        for (var i = 0; i < 20; i++)
        {
            await client.GetStringAsync("/", Cancelled);
        }

        Assert.Equal(before, a.Requests);
    }

    [Fact]
    public async Task Without_a_healthy_backend_the_answer_is_503_and_says_which_pool()
    {
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].PanicThreshold = 100;
        var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        await backend.DisposeAsync();
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.Snapshot.Available.IsEmpty);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("'web'", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(1, balancer.Route("all").Failed);
    }

    [Fact]
    public async Task A_backend_that_breaks_off_is_502_and_counted_at_backend_and_route()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Retry = new() { Attempts = 1 } })), backend);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/abort", Cancelled);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("did not answer route 'all': it broke off before it answered.", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Equal(1, balancer.Route("all").Failed);
        Assert.Equal(1, balancer.Pools.Find("web")!.GetStatistics().Backends.Single().Failures);
    }

    [Fact]
    public async Task A_client_that_goes_away_is_no_failure_of_the_backend()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        using var client = balancer.CreateClient();
        using var impatience = new CancellationTokenSource();
        var request = client.GetAsync("/hang", impatience.Token);
        await TestBalancer.WaitUntilAsync(() => backend.Requests == 1);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends.Single().Active == 0);
        Assert.Equal(0, balancer.Pools.Find("web")!.GetStatistics().Backends.Single().Failures);
    }

    [Fact]
    public async Task A_body_of_100_MiB_goes_through_whole()
    {
        const int Size = 100 * 1024 * 1024;
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        using var client = balancer.CreateClient();
        using var body = new ByteArrayContent(new byte[Size]);

        using var response = await client.PostAsync("/length", body, Cancelled);

        Assert.Equal(Size, (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Length);
    }

    [Fact]
    public async Task A_web_socket_reaches_one_backend_and_stays_there()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), a, b);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(balancer.Uri) { Scheme = "ws", Path = "/ws" }.Uri, Cancelled);

        var answers = new HashSet<string>();
        var buffer = new byte[256];
        for (var i = 0; i < 10; i++)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes($"message {i}"), WebSocketMessageType.Text, true, Cancelled);
            var received = await socket.ReceiveAsync(buffer, Cancelled);
            var text = Encoding.UTF8.GetString(buffer, 0, received.Count);
            Assert.EndsWith($": message {i}", text);
            answers.Add(text.Split(':')[0]);
        }

        Assert.Single(answers);
        Assert.Equal(1, balancer.Pools.Find("web")!.GetStatistics().Backends.Sum(backend => backend.Active));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends.Sum(backend => backend.Active) == 0);
    }

    [Fact]
    public async Task A_listener_can_speak_HTTP_2_with_prior_knowledge_while_another_speaks_HTTP_1()
    {
        await using var backend = await TestBackend.StartAsync("a", HttpProtocols.Http1);
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.Listeners["h2"] = new() { Address = "127.0.0.1:0", Protocols = HttpListenerProtocols.Http2 };
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using var client = new HttpClient { BaseAddress = balancer.UriOf("h2"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var second = await client.GetAsync("/", Cancelled);
        using var first = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal(HttpVersion.Version20, second.Version);
        Assert.Equal(HttpVersion.Version11, first.Version);
        Assert.Equal("a", (await second.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Replica);
    }

    [Fact]
    public async Task Listeners_come_and_go_with_the_configuration()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new()));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        var first = balancer.Uri;
        var both = TestBalancer.Options(("all", new()));
        both.Layer7.Listeners["other"] = new() { Address = "127.0.0.1:0" };

        await balancer.ApplyAsync(both);
        using var client = balancer.CreateClient();
        await TestBalancer.WaitUntilAsync(() => Answers(client, balancer.UriOf("other")));
        Assert.Equal(first, balancer.Uri);

        var other = balancer.UriOf("other");
        await balancer.ApplyAsync(TestBalancer.Options(("all", new())));
        await TestBalancer.WaitUntilAsync(() => !Answers(client, other));
        Assert.True(Answers(client, first));
    }

    [Fact]
    public async Task A_request_under_way_may_end_when_the_balancer_stops()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(balancer.Uri) { Scheme = "ws", Path = "/ws" }.Uri, Cancelled);

        var stopping = balancer.Layer7.StopAsync(TimeSpan.FromSeconds(120));
        await socket.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);
        var received = await socket.ReceiveAsync(new byte[256], Cancelled);
        Assert.True(received.Count > 0);
        Assert.False(stopping.IsCompleted);

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        await stopping.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_found_by_the_check_and_named()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        var options = TestBalancer.Options(("all", new()));
        options.Layer7.Listeners["taken"] = new() { Address = new Uri(backend.Address).Authority };

        var exception = Assert.Throws<ListenException>(() => balancer.Layer7.Check(options));

        Assert.Contains("LoadBalancer:Layer7:Listeners:taken:Address", exception.Message);
        Assert.Contains(options.Layer7.Listeners["taken"].Address!, exception.Message);
    }

    private static bool Answers(HttpClient client, Uri uri)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Headers = { ConnectionClose = true } };
            return client.Send(request).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
