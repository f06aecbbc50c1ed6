using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Telemetry;

/// <summary>What a request is in a trace, whoever forwards it: our own way for HTTP/1.1, or YARP's.</summary>
public sealed class SpanTests
{
    [Theory]
    [InlineData(Way.Own)]
    [InlineData(Way.Yarp)]
    public async Task A_request_is_a_server_span_with_a_pick_and_an_attempt_below_it(Way way)
    {
        Choose(way);
        using var trace = new TraceRecorder();
        await using var a = await TestBackend.StartAsync("replica-a");
        await using var b = await TestBackend.StartAsync("replica-b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Path = "/{**rest}" })), a, b);

        using var response = await trace.SendAsync(balancer, "/items/1?secret=x", change: request =>
        {
            request.Headers.Add("tracestate", "vendor=1");
            request.Headers.Add("baggage", "user=anna");
        });

        var answer = (await response.Content.ReadFromJsonAsync<Answer>(TestContext.Current.CancellationToken))!;
        var (server, pick, attempt) = (Assert.Single(trace.Servers), Assert.Single(trace.Picks), Assert.Single(trace.Attempts));
        Assert.Equal((server.SpanId, server.SpanId), (pick.ParentSpanId, attempt.ParentSpanId));
        Assert.Equal(($"00-{trace.TraceId}-{attempt.SpanId}-01", "vendor=1"), (answer.Headers["traceparent"], answer.Headers["tracestate"]));
        Assert.Equal("user=anna", answer.Headers["baggage"].Replace(" ", ""));
        var backend = answer.Replica == "replica-a" ? a : b;
        var address = new Uri(backend.Address);
        Assert.Equal(
            new Dictionary<string, object?>
            {
                ["lb.route"] = "all",
                ["lb.pool"] = "web",
                ["lb.policy"] = "RoundRobin",
                ["lb.candidates"] = 2,
                ["lb.attempt"] = 1,
                ["lb.affinity"] = "none",
                ["lb.cache"] = "none",
                ["lb.reason"] = "its turn among 2",
                ["lb.backend"] = address.Authority,
                ["lb.backend.replica"] = answer.Replica,
            },
            pick.TagObjects.ToDictionary());
        Assert.Equal("GET", attempt.DisplayName);
        Assert.Equal(
            new Dictionary<string, object?>
            {
                ["http.request.method"] = "GET",
                ["server.address"] = "127.0.0.1",
                ["server.port"] = address.Port,
                ["peer.service"] = answer.Replica,
                ["url.full"] = $"http://{address.Authority}/items/1?*",
                ["http.response.status_code"] = 200,
                ["network.protocol.version"] = "1.1",
                ["lb.pool"] = "web",
                ["lb.backend"] = address.Authority,
                ["lb.backend.replica"] = answer.Replica,
                ["lb.attempt"] = 1,
            },
            attempt.TagObjects.ToDictionary());
        Assert.Equal(ActivityStatusCode.Unset, attempt.Status);
        Assert.Superset(
            new HashSet<KeyValuePair<string, object?>>
            {
                new("client.address", "127.0.0.1"),
                new("network.peer.address", "127.0.0.1"),
                new("lb.listener", "http"),
                new("lb.route", "all"),
                new("lb.pool", "web"),
                new("lb.cache", "none"),
                new("lb.affinity", "none"),
                new("lb.attempt", 1),
                new("lb.backend", address.Authority),
                new("lb.backend.replica", answer.Replica),
            },
            server.TagObjects.ToHashSet());
    }

    [Theory]
    [InlineData(Way.Own)]
    [InlineData(Way.Yarp)]
    public async Task Retries_are_siblings_with_the_reason_of_each(Way way)
    {
        Choose(way);
        using var trace = new TraceRecorder();
        await using var good = await TestBackend.StartAsync("good");
        await using var gone = await TestBackend.StartAsync("gone");
        var options = TestBalancer.Options(("all", new() { Policy = SelectionPolicy.First, Retry = new() { BackOff = TimeSpan.Zero } }));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, gone, good);
        await gone.DisposeAsync();

        using var response = await trace.SendAsync(balancer, "/");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var server = Assert.Single(trace.Servers);
        Assert.All([.. trace.Picks, .. trace.Attempts], span => Assert.Equal(server.SpanId, span.ParentSpanId));
        Assert.Equal(["pick", "GET", "pick", "GET"], trace.All.Where(span => span.ParentSpanId == server.SpanId).Select(span => span.DisplayName));
        Assert.Equal(["first of 2 with room", "the only one left, after 1 that failed"], trace.Picks.Select(span => span.GetTagItem("lb.reason")));
        Assert.Equal([1, 2], trace.Picks.Select(span => (int)span.GetTagItem("lb.attempt")!));
        var (first, second) = (trace.Attempts[0], trace.Attempts[1]);
        Assert.Equal((ActivityStatusCode.Error, "NotConnected", "gone", null), (first.Status, first.GetTagItem("error.type"), first.GetTagItem("lb.backend.replica"), first.GetTagItem("http.request.resend_count")));
        Assert.Contains("refused", first.StatusDescription);
        Assert.Equal((ActivityStatusCode.Unset, 200, "good", 1), (second.Status, second.GetTagItem("http.response.status_code"), second.GetTagItem("lb.backend.replica"), second.GetTagItem("http.request.resend_count")));
        Assert.Equal((2, "good"), (server.GetTagItem("lb.attempt"), server.GetTagItem("lb.backend.replica")));
    }

    [Theory]
    [InlineData(Way.Own)]
    [InlineData(Way.Yarp)]
    public async Task An_answer_that_is_dropped_for_another_is_a_sibling_too(Way way)
    {
        Choose(way);
        using var trace = new TraceRecorder();
        await using var ill = await TestBackend.StartAsync("ill", answer: context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        await using var good = await TestBackend.StartAsync("good");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("all", new() { Policy = SelectionPolicy.First, Retry = new() { Statuses = [503], BackOff = TimeSpan.Zero, Budget = 100 } })), ill, good);

        using var response = await trace.SendAsync(balancer, "/");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var server = Assert.Single(trace.Servers);
        Assert.All([.. trace.Picks, .. trace.Attempts], span => Assert.Equal(server.SpanId, span.ParentSpanId));
        Assert.Equal(
            [(503, "503", "dropped: the route retries this status"), (200, null, null)],
            trace.Attempts.Select(span => ((int)span.GetTagItem("http.response.status_code")!, (string?)span.GetTagItem("error.type"), (string?)span.GetTagItem("lb.reason"))));
    }

    [Fact]
    public async Task An_answer_from_the_cache_has_no_pick_and_its_server_span_says_so()
    {
        using var trace = new TraceRecorder();
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached", new() { Cache = new() { Duration = TimeSpan.FromMinutes(1) } })), backend);

        (await trace.SendAsync(balancer, "/")).Dispose();
        (await trace.SendAsync(balancer, "/")).Dispose();

        Assert.Equal(["miss", "hit"], trace.Servers.Select(span => span.GetTagItem("lb.cache")));
        Assert.Equal("miss", Assert.Single(trace.Picks).GetTagItem("lb.cache"));
        Assert.Single(trace.Attempts);
        Assert.Null(trace.Servers[1].GetTagItem("lb.backend"));
    }

    [Fact]
    public async Task A_request_that_no_backend_can_have_says_why_at_the_pick_and_at_the_server_span()
    {
        using var trace = new TraceRecorder();
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].PanicThreshold = 100;
        await using var balancer = await TestBalancer.StartAsync(options);

        using var response = await trace.SendAsync(balancer, "/");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var pick = Assert.Single(trace.Picks);
        Assert.Equal((ActivityStatusCode.Error, "no healthy backend", "no healthy backend", 0), (pick.Status, pick.StatusDescription, pick.GetTagItem("lb.reason"), pick.GetTagItem("lb.candidates")));
        Assert.Equal("NoBackend", Assert.Single(trace.Servers).GetTagItem("lb.reason"));
        Assert.Empty(trace.Attempts);
    }

    [Fact]
    public async Task A_session_that_is_kept_says_so()
    {
        using var trace = new TraceRecorder();
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { SessionAffinity = new() { Mode = SessionAffinityMode.Source } })), a, b);

        (await trace.SendAsync(balancer, "/")).Dispose();
        (await trace.SendAsync(balancer, "/")).Dispose();

        Assert.Equal([("new", "its turn among 2"), ("kept", "the client's own, by affinity")], trace.Picks.Select(span => ((string)span.GetTagItem("lb.affinity")!, (string)span.GetTagItem("lb.reason")!)));
        Assert.Single(trace.Picks.Select(span => span.GetTagItem("lb.backend.replica")).Distinct());
        Assert.Equal(["new", "kept"], trace.Servers.Select(span => span.GetTagItem("lb.affinity")));
    }

    [Fact]
    public async Task Backends_that_are_asked_at_once_have_a_span_each()
    {
        using var trace = new TraceRecorder();
        await using var slow = await TestBackend.StartAsync("slow", answer: context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var quick = await TestBackend.StartAsync("quick");
        await using var balancer = await TestBalancer.StartAsync(
            TestBalancer.Options(("all", new() { Policy = SelectionPolicy.First, Hedge = new() { Delay = TimeSpan.FromMilliseconds(20) }, Retry = new() { Budget = 100 } })), slow, quick);

        using var response = await trace.SendAsync(balancer, "/");

        var answer = (await response.Content.ReadFromJsonAsync<Answer>(TestContext.Current.CancellationToken))!;
        await TestBalancer.WaitUntilAsync(() => trace.Attempts.Length == 2);
        var server = Assert.Single(trace.Servers);
        var byReplica = trace.Attempts.ToDictionary(span => (string)span.GetTagItem("lb.backend.replica")!);
        Assert.All([.. trace.Picks, .. trace.Attempts], span => Assert.Equal(server.SpanId, span.ParentSpanId));
        Assert.Equal($"00-{trace.TraceId}-{byReplica["quick"].SpanId}-01", answer.Headers["traceparent"]);
        Assert.Equal((200, null), (byReplica["quick"].GetTagItem("http.response.status_code"), byReplica["slow"].GetTagItem("http.response.status_code")));
        Assert.StartsWith("given up", (string?)byReplica["slow"].GetTagItem("lb.reason"));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task A_copy_for_a_mirror_is_part_of_the_trace(string method)
    {
        using var trace = new TraceRecorder();
        await using var web = await TestBackend.StartAsync("web");
        var copied = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var shadow = await TestBackend.StartAsync("shadow", answer: context =>
        {
            copied.TrySetResult(context.Request.Headers.TraceParent.ToString());
            return Task.CompletedTask;
        });
        var options = TestBalancer.Options(("all", new() { Mirror = new() { Pool = "shadow" } }));
        options.Pools["shadow"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [web], ["shadow"] = [shadow] });

        (await trace.SendAsync(balancer, "/length", new HttpMethod(method), request => request.Content = method == "POST" ? new StringContent("x") : null)).Dispose();

        var received = await copied.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await TestBalancer.WaitUntilAsync(() => trace.Attempts.Length == 2);
        var copy = Assert.Single(trace.Attempts, span => Equals(span.GetTagItem("lb.mirror"), true));
        Assert.Equal((trace.Servers[0].SpanId, "shadow"), (copy.ParentSpanId, copy.GetTagItem("lb.backend.replica")));
        Assert.Equal($"00-{trace.TraceId}-{copy.SpanId}-01", received);
    }

    [Theory]
    [InlineData(Way.Own)]
    [InlineData(Way.Yarp)]
    public async Task A_path_that_looks_like_a_host_is_none(Way way)
    {
        Choose(way);
        using var trace = new TraceRecorder();
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { Path = "/{**rest}" })), backend);

        (await trace.SendAsync(balancer, "/one//two")).Dispose();
        using var response = await trace.SendAsync(balancer, $"http://{balancer.Uri.Authority}//two/x");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var server = $"http://127.0.0.1:{new Uri(backend.Address).Port}/";
        Assert.All(trace.Attempts, attempt => Assert.StartsWith(server, (string)attempt.GetTagItem("url.full")!));
    }

    [Fact]
    public async Task A_method_that_nobody_knows_makes_no_name()
    {
        using var trace = new TraceRecorder();
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);

        (await trace.SendAsync(balancer, "/", new HttpMethod("BREW"))).Dispose();

        var attempt = Assert.Single(trace.Attempts);
        Assert.Equal(("HTTP", "_OTHER", "BREW"), (attempt.DisplayName, attempt.GetTagItem("http.request.method"), attempt.GetTagItem("http.request.method_original")));
    }

    private static void Choose(Way way)
    {
        if (way == Way.Yarp)
        {
            TestBalancer.ForwardByYarp();
        }
    }
}
