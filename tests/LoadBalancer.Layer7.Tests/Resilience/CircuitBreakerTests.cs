using System.Net;
using LoadBalancer.Configuration.Statistics;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Resilience;

/// <summary>Limits of a backend, and ejection, as requests meet them.</summary>
public sealed class CircuitBreakerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backend_has_no_more_requests_than_it_may_have_and_without_a_queue_the_next_is_refused_at_once()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var gate = new TaskCompletionSource();
        backend.Script = _ => gate.Task;
        var options = TestBalancer.Options(("all", new()));
        (options.Pools["web"].MaxConnections, options.Pools["web"].QueueLength) = (2, 0);
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        var first = balancer.CreateClient().GetAsync("/", Cancelled);
        var second = balancer.CreateClient().GetAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => backend.Requests == 2);

        using var third = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode);
        Assert.Contains("at its limit", await third.Content.ReadAsStringAsync(Cancelled));
        gate.SetResult();
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), ((await first).StatusCode, (await second).StatusCode));
        Assert.Equal(2, backend.Requests);
    }

    [Fact]
    public async Task As_many_may_wait_as_the_queue_is_long_and_as_long_as_it_allows()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var gate = new TaskCompletionSource();
        backend.Script = _ => gate.Task;
        var options = TestBalancer.Options(("all", new()));
        var pool = options.Pools["web"];
        (pool.MaxConnections, pool.QueueLength, pool.QueueTimeout) = (1, 1, TimeSpan.FromSeconds(30));
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        var first = balancer.CreateClient().GetAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => backend.Requests == 1);
        var waiting = balancer.CreateClient().GetAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Queued == 1);

        using var third = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, 1), (third.StatusCode, backend.Requests));
        gate.SetResult();
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), ((await first).StatusCode, (await waiting).StatusCode));

        var impatient = TestBalancer.Options(("all", new()));
        pool = impatient.Pools["web"];
        (pool.MaxConnections, pool.QueueLength, pool.QueueTimeout) = (1, 1, TimeSpan.FromMilliseconds(200));
        await balancer.ApplyAsync(impatient);
        var hold = new TaskCompletionSource();
        backend.Script = _ => hold.Task;
        var busy = balancer.CreateClient().GetAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => backend.Requests == 3);

        using var late = await balancer.CreateClient().GetAsync("/", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, late.StatusCode);
        Assert.Contains("QueueTimeout", await late.Content.ReadAsStringAsync(Cancelled));
        hold.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await busy).StatusCode);
    }

    [Theory]
    [InlineData(true, BackendState.Ejected)]
    [InlineData(false, BackendState.Healthy)]
    public async Task Server_errors_in_a_row_eject_a_backend_where_the_pool_says_so(bool counts, BackendState expected)
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = FailAsync;
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].OutlierEjection = new() { ServerErrors = counts, ConsecutiveFailures = 3, BaseTime = TimeSpan.FromMinutes(5) };
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 12; i++)
        {
            using var response = await client.GetAsync("/", Cancelled);
        }

        var ejected = balancer.Pools.Find("web")!.GetStatistics().Backends.Single(backend => backend.Name == "a");
        Assert.Equal((expected, counts ? 3 : 0), (ejected.State, ejected.Failures));
        Assert.Equal(counts ? 3 : 6, a.Requests);
        if (counts)
        {
            Assert.Equal("3 failures in a row, the last: status 500", ejected.Reason);
        }
    }

    [Fact]
    public async Task A_request_that_waits_is_not_given_a_backend_that_is_about_to_be_ejected()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        var (fails, ends) = (new TaskCompletionSource(), new TaskCompletionSource());
        a.Script = async context =>
        {
            await fails.Task;
            await FailAsync(context);
        };
        b.Script = _ => ends.Task;
        var options = TestBalancer.Options(("all", new()));
        var pool = options.Pools["web"];
        (pool.MaxConnections, pool.QueueLength, pool.QueueTimeout) = (1, 1, TimeSpan.FromMinutes(5));
        pool.OutlierEjection = new() { ServerErrors = true, ConsecutiveFailures = 1, BaseTime = TimeSpan.FromMinutes(5) };
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        var held = new[] { balancer.CreateClient().GetAsync("/", Cancelled), balancer.CreateClient().GetAsync("/", Cancelled) };
        await TestBalancer.WaitUntilAsync(() => a.Requests == 1 && b.Requests == 1);
        var waiting = balancer.CreateClient().GetAsync("/", Cancelled);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Queued == 1);

        fails.SetResult();
        Assert.Equal(HttpStatusCode.InternalServerError, (await await Task.WhenAny(held)).StatusCode);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends.Any(backend => backend is { Name: "a", Active: 0 }));
        ends.SetResult();

        Assert.Equal(HttpStatusCode.OK, (await waiting).StatusCode);
        Assert.Equal((1, 2), (a.Requests, b.Requests));
    }

    [Fact]
    public async Task A_backend_of_which_too_large_a_share_fails_is_ejected_although_it_sometimes_does_well()
    {
        await using var a = await TestBackend.StartAsync("a");
        await using var b = await TestBackend.StartAsync("b");
        a.Script = context => a.Requests % 2 == 0 ? FailAsync(context) : Task.CompletedTask;
        var options = TestBalancer.Options(("all", new()));
        options.Pools["web"].OutlierEjection = new() { ServerErrors = true, FailurePercent = 40, MinimumRequests = 10, Window = TimeSpan.FromMinutes(1), BaseTime = TimeSpan.FromMinutes(5) };
        await using var balancer = await TestBalancer.StartAsync(options, a, b);
        using var client = balancer.CreateClient();

        for (var i = 0; i < 40; i++)
        {
            using var response = await client.GetAsync("/", Cancelled);
        }

        var ejected = balancer.Pools.Find("web")!.GetStatistics().Backends.Single(backend => backend.Name == "a");
        Assert.Equal((BackendState.Ejected, 10, "5 of 10 failed within 60 s, the last: status 500"), (ejected.State, a.Requests, ejected.Reason));
    }

    [Fact]
    public async Task A_client_that_ends_an_event_stream_speaks_for_its_backend()
    {
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new() { Retry = new() { Attempts = 1 } }));
        options.Pools["web"].OutlierEjection = new() { ConsecutiveFailures = 2 };
        options.Layer7.AccessLog = new();
        using var log = new LogRecorder("LoadBalancer.AccessLog");
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [backend] }, log);
        using var client = balancer.CreateClient();
        for (var i = 0; i < 3; i++)
        {
            backend.Script = context =>
            {
                context.Abort();
                return Task.CompletedTask;
            };
            using var failed = await client.GetAsync("/", Cancelled);
            Assert.Equal(HttpStatusCode.BadGateway, failed.StatusCode);
            backend.Script = async context =>
            {
                await context.Response.WriteAsync("data: x\n\n");
                await context.Response.Body.FlushAsync();
                await Task.Delay(-1, context.RequestAborted);
            };
            using (var stream = await client.GetStreamAsync("/", Cancelled))
            {
                await stream.ReadExactlyAsync(new byte[4], Cancelled);
            }

            // The backend is given back a moment before it is known how it did; the line comes after both.
            await TestBalancer.WaitUntilAsync(() => log.Lines.Count == 2 * (i + 1));
        }

        Assert.Equal((BackendState.Healthy, 3), (balancer.Pools.Find("web")!.GetStatistics().Backends[0].State, balancer.Pools.Find("web")!.GetStatistics().Backends[0].Failures));
    }

    private static Task FailAsync(HttpContext context)
    {
        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    }
}
