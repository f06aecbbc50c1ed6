using System.Net;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>What becomes of answers, byte by byte.</summary>
public sealed class AnswerTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 OK", "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 OK", "")]
    [InlineData("HTTP/1.1 201 Made it\r\nContent-Length: 2\r\n\r\nok", "201 Made it", "ok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n", "200 OK", "hello world")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200 OK", "")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", "404 Not Found", "gone")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", "204 No Content", "")]
    [InlineData("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "205 Reset Content", "")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n", "304 Not Modified", "")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 OK", "hello")]
    public async Task An_answer_reaches_the_client_and_its_connection_serves_the_next(string answer, string status, string body)
    {
        await using var backend = ScriptedBackend.Answering(answer);
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 3; i++)
        {
            var (head, text) = await client.GetAsync();
            Assert.StartsWith($"HTTP/1.1 {status}\r\n", head, StringComparison.Ordinal);
            Assert.Equal(body, text);
        }

        Assert.Equal(1, backend.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task A_connection_that_the_backend_ends_is_not_used_again(string answer)
    {
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync(answer);
            exchange.Close();
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal("hello", (await client.GetAsync()).Body);
            Assert.Equal(i, backend.Connections);
        }
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n", 2)]
    [InlineData("Transfer-Encoding: chunked\r\n", 2)]
    [InlineData("Content-Length: 0\r\n", 1)]
    public async Task A_connection_on_which_a_body_may_follow_that_must_not_be_there_is_not_used_again(string framing, int connections)
    {
        await using var backend = ScriptedBackend.Answering($"HTTP/1.1 204 No Content\r\n{framing}\r\n");
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 2; i++)
        {
            Assert.StartsWith("HTTP/1.1 204", (await client.GetAsync()).Head, StringComparison.Ordinal);
        }

        Assert.Equal(connections, backend.Connections);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n")]
    [InlineData("")]
    public async Task HEAD_is_answered_without_a_body(string framing)
    {
        await using var backend = ScriptedBackend.Answering($"HTTP/1.1 200 OK\r\n{framing}\r\n");
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 2; i++)
        {
            var (head, _) = await client.GetAsync(method: "HEAD");
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
            Assert.Equal(framing.StartsWith("Content", StringComparison.Ordinal), head.Contains(framing, StringComparison.Ordinal) && framing.Length > 0);
        }

        Assert.Equal(1, backend.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 0\n\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")]
    [InlineData("220 mail.example ESMTP\r\n")]
    public async Task A_malformed_answer_is_502(string answer)
    {
        await using var backend = ScriptedBackend.Answering(answer);
        await using var balancer = await backend.StartBalancerAsync(new() { Retry = new() { Attempts = 1 } });
        using var client = await RawClient.ConnectAsync(balancer);

        Assert.StartsWith("HTTP/1.1 502 ", (await client.GetAsync()).Head, StringComparison.Ordinal);
        Assert.Equal(1, balancer.Route("all").Failed);
    }

    [Fact]
    public async Task A_long_head_comes_whole_and_one_without_end_is_502()
    {
        await using var backend = new ScriptedBackend(exchange => exchange.SendAsync(
            $"HTTP/1.1 200 OK\r\nX-Long: {new string('x', exchange.Path == "/long" ? 20_000 : 100_000)}\r\nContent-Length: 5\r\n\r\nhello"));
        await using var balancer = await backend.StartBalancerAsync(new() { Retry = new() { Attempts = 1 } });
        using var client = await RawClient.ConnectAsync(balancer);

        var (head, body) = await client.GetAsync("/long");
        Assert.Contains($"X-Long: {new string('x', 20_000)}\r\n", head, StringComparison.Ordinal);
        Assert.Equal("hello", body);
        Assert.StartsWith("HTTP/1.1 502 ", (await client.GetAsync("/endless")).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_with_the_same_name_stay_apart_and_those_of_the_connection_stay_behind()
    {
        await using var backend = ScriptedBackend.Answering("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nConnection: x-inner\r\nX-Inner: 1\r\nSet-Cookie: b=2\r\nKeep-Alive: timeout=5\r\nX-Outer: 2\r\nContent-Length: 0\r\n\r\n");
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        var (head, _) = await client.GetAsync();

        Assert.Contains("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", head, StringComparison.Ordinal);
        Assert.Contains("X-Outer: 2\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Inner", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Keep-Alive", head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_answer_that_comes_byte_by_byte_is_the_same()
    {
        await using var backend = new ScriptedBackend(async exchange =>
        {
            foreach (var character in "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n")
            {
                await exchange.SendAsync(character.ToString());
                await Task.Yield();
            }
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("hello!", (await client.GetAsync()).Body);
        }
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n", "7\r\ndata: 1\r\n", "7\r\ndata: 2\r\n", "0\r\n\r\n")]
    [InlineData("Content-Length: 14\r\n", "data: 1", "data: 2", "")]
    [InlineData("", "data: 1", "data: 2", "close")]
    public async Task Head_and_events_are_passed_on_as_they_come(string framing, string first, string second, string end)
    {
        var seen = new SemaphoreSlim(0);
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{framing}\r\n");
            foreach (var piece in (string[])[first, second])
            {
                Assert.True(await seen.WaitAsync(TimeSpan.FromSeconds(60)));
                await exchange.SendAsync(piece);
            }

            if (end == "close")
            {
                exchange.Close();
            }
            else
            {
                await exchange.SendAsync(end);
            }
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n");

        await client.ReadUntilAsync("\r\n\r\n");
        seen.Release();
        await client.ReadUntilAsync("data: 1");
        seen.Release();
        await client.ReadUntilAsync("data: 2");
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData((10 << 20) + 7)]
    public async Task A_long_body_comes_whole_in_every_framing(int length)
    {
        var body = new byte[length];
        new Random(1).NextBytes(body);
        await using var backend = new ScriptedBackend(async exchange =>
        {
            switch (exchange.Path)
            {
                case "/length":
                    await exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                    await exchange.SendAsync(body);
                    break;
                case "/chunks":
                    await exchange.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                    for (var start = 0; start < length; start += 100_000)
                    {
                        var size = Math.Min(100_000, length - start);
                        await exchange.SendAsync($"{size:x}\r\n");
                        await exchange.SendAsync(body.AsMemory(start, size));
                        await exchange.SendAsync("\r\n");
                    }

                    await exchange.SendAsync("0\r\n\r\n");
                    break;
                default:
                    await exchange.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
                    await exchange.SendAsync(body);
                    exchange.Close();
                    break;
            }
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = balancer.CreateClient();

        foreach (var path in (string[])["/length", "/chunks", "/close", "/length"])
        {
            using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
            var received = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {response} {System.Text.Encoding.ASCII.GetString(received)}");
            Assert.True(body.AsSpan().SequenceEqual(received), $"{path}: {received.Length} bytes of {length}, or others");
        }
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_the_backend_back()
    {
        long sent = 0;
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            var chunk = new byte[100_000];
            for (var i = 0; i < 2_000; i++)
            {
                await exchange.SendAsync($"{chunk.Length:x}\r\n");
                await exchange.SendAsync(chunk);
                await exchange.SendAsync("\r\n");
                Interlocked.Add(ref sent, chunk.Length);
            }
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");

        // What the kernel's buffers hold, and no more.
        long before;
        do
        {
            before = Interlocked.Read(ref sent);
            await Task.Delay(300, TestContext.Current.CancellationToken);
        }
        while (before == 0 || Interlocked.Read(ref sent) != before);

        Assert.InRange(before, 1, 100_000_000);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n")]
    public async Task A_client_does_not_take_a_part_for_the_whole(string answer)
    {
        await using var backend = new ScriptedBackend(async exchange =>
        {
            await exchange.SendAsync(answer);
            if (!answer.Contains("nonsense", StringComparison.Ordinal))
            {
                exchange.Close();
            }
        });
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n");

        var all = await client.ReadToEndAsync();

        Assert.Contains("hello", all, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n0\r\n", all, StringComparison.Ordinal);
        await TestBalancer.WaitUntilAsync(() => balancer.Route("all").Failed == 1);
    }

    [Fact]
    public async Task An_HTTP_2_client_gets_bodies_and_the_fields_behind_them()
    {
        await using var backend = ScriptedBackend.Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 17\r\n\r\n");
        await using var balancer = await backend.StartBalancerAsync(configure: options => options.Layer7.Listeners["http"].Protocols = Configuration.HttpListenerProtocols.Http2);
        using var client = balancer.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new StringContent("body") };

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("hello", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("17", Assert.Single(response.TrailingHeaders.GetValues("X-Sum")));
    }
}
