using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer7.Forwarding.Http1;
using LoadBalancer.Layer7.Transport;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>Connections to backends: kept, closed and missing.</summary>
public sealed class ConnectionTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Fact]
    public async Task A_backend_that_closed_while_nobody_asked_is_connected_anew()
    {
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync(Hello);
            exchange.Close();
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 1; i <= 20; i++)
        {
            Assert.Equal("hello", (await client.GetAsync()).Body);
        }

        Assert.Equal(20, backend.Requests);
    }

    [Fact]
    public async Task A_request_that_must_not_be_sent_twice_finds_out_first()
    {
        var closed = new SemaphoreSlim(0);
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync(Hello);
            exchange.Finish();
            await exchange.WaitForEndAsync();
            closed.Release();
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 1; i <= 5; i++)
        {
            Assert.Equal("hello", (await client.GetAsync(method: "POST")).Body);
            Assert.True(await closed.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        }

        Assert.Equal(5, backend.Connections);
    }

    [Theory]
    [InlineData("GET", "HTTP/1.1 200 ", 3)]
    [InlineData("DELETE", "HTTP/1.1 200 ", 3)]
    [InlineData("POST", "HTTP/1.1 502 ", 2)]
    public async Task A_request_that_a_kept_connection_swallowed_is_repeated_only_where_that_does_no_harm(string method, string status, int requests)
    {
        await using var backend = new ScriptedBackend(exchange =>
        {
            if (exchange is { Connection: 1, Path: "/second" })
            {
                exchange.Close();
                return Task.CompletedTask;
            }

            return exchange.SendAsync(Hello);
        });
        await using var balancer = await backend.StartBalancerAsync(new() { Retry = new() { Attempts = 1 } });
        using var client = await RawClient.ConnectAsync(balancer);

        await client.GetAsync("/first");
        var (head, _) = await client.GetAsync("/second", method);

        Assert.StartsWith(status, head, StringComparison.Ordinal);
        Assert.Equal(requests, backend.Requests);
    }

    [Fact]
    public async Task What_a_backend_says_unasked_is_nobodys_answer()
    {
        await using var backend = new ScriptedBackend(exchange => exchange.SendAsync(
            exchange.Connection == 1 ? Hello + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil" : Hello));
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("hello", (await client.GetAsync()).Body);
        }

        Assert.Equal(2, backend.Connections);
    }

    [Fact]
    public async Task What_a_backend_says_unasked_later_is_nobodys_answer_either()
    {
        var said = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync(Hello);
            if (exchange.Connection == 1)
            {
                await asked.Task;
                await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
                await exchange.WaitForEndAsync();
                said.SetResult();
            }
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        Assert.Equal("hello", (await client.GetAsync()).Body);
        asked.SetResult();
        await said.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal("hello", (await client.GetAsync()).Body);
        Assert.Equal(2, backend.Connections);
    }

    [Fact]
    public async Task A_client_that_goes_away_takes_the_connection_to_the_backend_along()
    {
        var ended = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.WaitForEndAsync();
            ended.SetResult();
        });
        await using var balancer = await backend.StartBalancerAsync();
        using (var client = await RawClient.ConnectAsync(balancer))
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            await TestBalancer.WaitUntilAsync(() => backend.Requests == 1);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends[0].Active == 0);
        Assert.Equal(0, balancer.Route("all").Failed);
    }

    [Fact]
    public async Task A_backend_that_is_too_slow_to_begin_is_504()
    {
        await using var backend = new ScriptedBackend(exchange => exchange.WaitForEndAsync());
        await using var balancer = await backend.StartBalancerAsync(new() { Timeouts = new() { FirstByte = TimeSpan.FromMilliseconds(100) }, Retry = new() { Attempts = 1 } });
        using var client = await RawClient.ConnectAsync(balancer);

        Assert.StartsWith("HTTP/1.1 504 ", (await client.GetAsync()).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backend_that_stops_in_the_middle_ends_the_answer()
    {
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
            await exchange.WaitForEndAsync();
        });
        await using var balancer = await backend.StartBalancerAsync(new() { Timeouts = new() { Idle = TimeSpan.FromSeconds(2) } });
        using var client = await RawClient.ConnectAsync(balancer);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n");

        Assert.EndsWith("hello", await client.ReadToEndAsync(), StringComparison.Ordinal);
        await TestBalancer.WaitUntilAsync(() => balancer.Route("all").Failed == 1);
    }

    [Fact]
    public async Task A_backend_that_resets_is_502()
    {
        await using var backend = new ScriptedBackend(exchange =>
        {
            exchange.Reset();
            return Task.CompletedTask;
        });
        await using var balancer = await backend.StartBalancerAsync(new() { Retry = new() { Attempts = 1 } });
        using var client = await RawClient.ConnectAsync(balancer);

        Assert.StartsWith("HTTP/1.1 502 ", (await client.GetAsync()).Head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 502 ", (await client.GetAsync()).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backends_may_be_at_IPv6_addresses()
    {
        await using var backend = new ScriptedBackend(exchange => exchange.SendAsync(Hello), new IPEndPoint(IPAddress.IPv6Loopback, 0));
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);
        Assert.Equal("hello", (await client.GetAsync()).Body);
    }

    [Fact]
    public async Task Backends_may_be_Unix_domain_sockets()
    {
        var path = Path.Combine(Path.GetTempPath(), $"lb-{Guid.NewGuid():n}.sock");
        string? head = null;
        await using var backend = new ScriptedBackend(
            exchange =>
            {
                head = exchange.Head;
                return exchange.SendAsync(Hello);
            },
            new UnixDomainSocketEndPoint(path));
        using var sweep = new ConnectionSweep();
        var pool = new ConnectionPool(new UnixDomainSocketEndPoint(path), sweep);

        var connection = await pool.ConnectAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken, CancellationToken.None);
        Assert.True(await connection.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray()));
        int received;
        while ((received = connection.TryReceive()) == Channel.WouldBlock)
        {
            await connection.WaitToReceiveAsync();
        }

        Assert.True(received > 0);
        Assert.True(connection.Unread.StartsWith("HTTP/1.1 200"u8));
        Assert.NotNull(head);
        connection.End();
        File.Delete(path);
    }

    [Fact]
    public async Task The_last_connection_that_rested_is_the_first_to_be_used()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        using var sweep = new ConnectionSweep();
        var pool = new ConnectionPool(new DnsEndPoint("localhost", new Uri(backend.Address).Port), sweep);
        var first = await ConnectAsync(pool);
        var second = await ConnectAsync(pool);

        pool.Keep(first);
        pool.Keep(second);

        Assert.Same(second, pool.TryTake(isSure: false));
        Assert.Same(first, pool.TryTake(isSure: false));
        Assert.Null(pool.TryTake(isSure: false));
        pool.Keep(first);
        first.Close(CloseCause.Expired);
        Assert.Null(pool.TryTake(isSure: false));
        second.End();
    }

    [Fact]
    public async Task A_client_that_takes_its_time_does_not_use_up_the_backends()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        using var sweep = new ConnectionSweep();
        var pool = new ConnectionPool(new IPEndPoint(IPAddress.Loopback, new Uri(backend.Address).Port), sweep);
        var (slow, other) = (await ConnectAsync(pool), await ConnectAsync(pool));
        slow.ExpireAfter(2_000);
        other.ExpireAfter(2_000);
        var flush = new TaskCompletionSource<FlushResult>(TaskCreationOptions.RunContinuationsAsynchronously);

        var taking = AnswerBody.IsTakenAsync(new(flush.Task), slow, TimeSpan.FromSeconds(60));
        await TestBalancer.WaitUntilAsync(() => other.IsClosed);
        flush.SetResult(new(isCanceled: false, isCompleted: false));

        Assert.True(await taking);
        Assert.False(slow.IsClosed);
        slow.ExpireAfter(0);
        await TestBalancer.WaitUntilAsync(() => slow.IsClosed);
    }

    [Fact]
    public async Task A_connection_that_rests_too_long_is_closed()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        using var sweep = new ConnectionSweep();
        var connection = await ConnectAsync(new(new IPEndPoint(IPAddress.Loopback, new Uri(backend.Address).Port), sweep));

        Assert.True(connection.TryRest(100));
        // Whoever closes it says why a moment later.
        await TestBalancer.WaitUntilAsync(() => connection.Cause != CloseCause.None);

        Assert.Equal((true, CloseCause.Expired), (connection.IsClosed, connection.Cause));
        Assert.False(connection.TryWake(isSure: true));
    }

    [Fact]
    public async Task A_backend_that_nobody_listens_at_is_503_and_one_that_does_not_accept_is_too()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var balancer = await backend.StartBalancerAsync(new() { Timeouts = new() { Connect = TimeSpan.FromSeconds(20) } });
        await balancer.SetBackendsAsync("web", $"http://{taken.LocalEndPoint}");
        using var client = await RawClient.ConnectAsync(balancer);

        Assert.StartsWith("HTTP/1.1 503 ", (await client.GetAsync()).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_clients_share_a_few_connections_and_get_their_own_answers()
    {
        await using var backend = new ScriptedBackend(exchange => exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {exchange.Path.Length}\r\n\r\n{exchange.Path}"));
        await using var balancer = await backend.StartBalancerAsync();

        await Parallel.ForAsync(0, 32, TestContext.Current.CancellationToken, async (number, _) =>
        {
            using var client = await RawClient.ConnectAsync(balancer);
            for (var i = 0; i < 50; i++)
            {
                var path = $"/{number}/{i}";
                Assert.Equal(path, (await client.GetAsync(path)).Body);
            }
        });

        // One at a time for each, and another now and then: connections at which another thread is at work are passed by.
        Assert.InRange(backend.Connections, 1, 64);
        Assert.Equal(32 * 50, backend.Requests);
    }

    [Fact]
    public async Task Requests_sent_before_their_turn_are_answered_in_turn()
    {
        await using var backend = new ScriptedBackend(exchange => exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {exchange.Path.Length}\r\n\r\n{exchange.Path}"));
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        await client.SendAsync(string.Concat(Enumerable.Range(0, 50).Select(i => $"GET /{i} HTTP/1.1\r\nHost: test\r\n\r\n")));

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"/{i}", (await client.ReadAnswerAsync()).Body);
        }
    }

    private static async Task<BackendConnection> ConnectAsync(ConnectionPool pool) =>
        await pool.ConnectAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken, CancellationToken.None);
}
