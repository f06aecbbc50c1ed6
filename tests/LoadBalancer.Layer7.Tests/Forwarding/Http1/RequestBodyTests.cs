using System.Globalization;
using System.Net.Sockets;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>What becomes of request bodies.</summary>
public sealed class RequestBodyTests
{
    [Fact]
    public async Task A_body_with_a_length_comes_with_its_length()
    {
        string? seen = null;
        await using var backend = new ScriptedBackend(async exchange =>
        {
            seen = exchange.Head + await exchange.ReadAsync(5);
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 2; i++)
        {
            await client.SendAsync("POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
            Assert.StartsWith("HTTP/1.1 200", (await client.ReadAnswerAsync()).Head, StringComparison.Ordinal);
            Assert.Contains("\r\nContent-Length: 5\r\n", seen, StringComparison.Ordinal);
            Assert.EndsWith("\r\n\r\nhello", seen, StringComparison.Ordinal);
        }

        Assert.Equal(1, backend.Connections);
    }

    [Fact]
    public async Task A_body_in_chunks_comes_in_chunks_as_they_are_sent()
    {
        var arrived = new SemaphoreSlim(0);
        await using var backend = new ScriptedBackend(async exchange =>
        {
            Assert.Contains("\r\nTransfer-Encoding: chunked\r\n", exchange.Head, StringComparison.Ordinal);
            var body = "";
            while (true)
            {
                var size = int.Parse((await exchange.ReadUntilAsync("\r\n")).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                var chunk = await exchange.ReadAsync(size);
                Assert.Equal("\r\n", await exchange.ReadAsync(2));
                if (size == 0)
                {
                    break;
                }

                body += chunk;
                arrived.Release();
            }

            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 2; i++)
        {
            await client.SendAsync("POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
            foreach (var piece in (string[])["5\r\nhello\r\n", "6\r\n world\r\n"])
            {
                await client.SendAsync(piece);
                Assert.True(await arrived.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
            }

            await client.SendAsync("0\r\n\r\n");
            Assert.Equal("hello world", (await client.ReadAnswerAsync()).Body);
        }

        Assert.Equal(1, backend.Connections);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_long_body_comes_whole(bool isChunked)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new())), backend);
        using var client = balancer.CreateClient();
        using var content = new ByteArrayContent(new byte[30_000_000]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/length") { Content = content };
        request.Headers.TransferEncodingChunked = isChunked ? true : null;

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Contains("30000000", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backend_may_answer_before_it_has_the_body()
    {
        await using var backend = new ScriptedBackend(exchange => exchange.SendAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge"));
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        await client.SendAsync("POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nhello");
        var (head, body) = await client.ReadAnswerAsync();

        Assert.StartsWith("HTTP/1.1 413 ", head, StringComparison.Ordinal);
        Assert.Equal("large", body);
    }

    [Fact]
    public async Task A_client_that_breaks_off_its_body_is_no_failure_of_the_backend()
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
            await client.SendAsync("POST /x HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nhello");
            await TestBalancer.WaitUntilAsync(() => backend.Requests == 1);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends[0].Active == 0);
        Assert.Equal(0, balancer.Route("all").Failed);
    }

    [Fact]
    public async Task An_expectation_is_the_backends_to_answer()
    {
        await using var backend = new ScriptedBackend(async exchange =>
        {
            Assert.Contains("Expect: 100-continue", exchange.Head, StringComparison.OrdinalIgnoreCase);
            await exchange.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await exchange.ReadAsync(5);
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        await client.SendAsync("POST /yes HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.SendAsync("hello");
        Assert.StartsWith("HTTP/1.1 200", (await client.ReadAnswerAsync()).Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", 1)]
    [InlineData("PATCH", 1)]
    [InlineData("PUT", 2)]
    public async Task A_request_that_waits_to_be_told_to_send_its_body_is_not_repeated_either(string method, int least)
    {
        await using var backend = new ScriptedBackend(exchange =>
        {
            exchange.Finish();
            return exchange.WaitForEndAsync();
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        await client.SendAsync($"{method} / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 502", (await client.ReadAnswerAsync()).Head, StringComparison.Ordinal);
        Assert.InRange(backend.Requests, least, least == 1 ? 1 : int.MaxValue);
    }

    [Fact]
    public async Task A_backend_that_does_not_want_the_end_of_a_body_holds_nobody_up()
    {
        // So that what is under way in between is little, and always as much.
        var path = Path.Combine(Path.GetTempPath(), $"lb-{Guid.NewGuid():n}.sock");
        using var answered = new SemaphoreSlim(0);
        await using var backend = new ScriptedBackend(
            async exchange =>
            {
                await exchange.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
                await answered.WaitAsync(TestContext.Current.CancellationToken);
                await exchange.ReadAsync(int.Parse(exchange.Path[1..], CultureInfo.InvariantCulture));
            },
            new UnixDomainSocketEndPoint(path));
        await using var balancer = await backend.StartBalancerAsync();

        // Of some of them the very last piece is what the kernel does not take.
        foreach (var length in Enumerable.Range(1, 24).Select(i => i * 32 * 1024))
        {
            using var client = await RawClient.ConnectAsync(balancer);
            await client.SendAsync($"POST /{length} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
            await client.SendAsync(new byte[length]);
            var answer = await client.ReadAnswerAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            Assert.Equal("ok", answer.Body);
            answered.Release();
        }
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    public async Task The_rest_of_a_body_that_no_backend_wants_is_not_in_the_way_of_the_next_request(string method)
    {
        await using var backend = ScriptedBackend.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 10; i++)
        {
            await client.SendAsync($"{method} / HTTP/1.1\r\nHost: test\r\nContent-Length: 10000\r\n\r\nhello");
            Assert.Equal("ok", (await client.ReadAnswerAsync()).Body);
            await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Backends[0].Active == 0);
            await client.SendAsync(new byte[10_000 - 5]);
        }

        Assert.Equal("ok", (await client.GetAsync()).Body);
    }
}
