using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>What HTTP/2 can write and HTTP/1.1 cannot must not become something else on its way to a backend (RFC 9113 section 8).</summary>
public sealed class Http2Tests(RawFixture fixture) : IClassFixture<RawFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    // Headers of the connection (section 8.2.2).
    [InlineData("connection: close")]
    [InlineData("transfer-encoding: chunked")]
    [InlineData("upgrade: h2c")]
    [InlineData("keep-alive: 1")]
    [InlineData("proxy-connection: 1")]
    [InlineData("te: gzip")]
    // Names and values (section 8.2.1).
    [InlineData("X-Upper: 1")]
    [InlineData("x a: 1")]
    [InlineData("x\r\nx-smuggled: 1")]
    [InlineData("x(a): 1")]
    [InlineData("x-a: b\r\nx-smuggled: c")]
    [InlineData("x-a: b\nx-smuggled: c")]
    [InlineData("x-a: b\rc")]
    [InlineData("x-a: b\0c")]
    [InlineData("x_forwarded_for: 203.0.113.9")]
    // Pseudo headers (section 8.3).
    [InlineData(":path: /y")]
    [InlineData(":foo: 1")]
    [InlineData(":status: 200")]
    [InlineData("x-a: 1|:authority: evil")]
    [InlineData("content-length: 3|content-length: 3")]
    [InlineData("content-length: +0")]
    [InlineData("content-length: 5")]
    public async Task Malformed_headers_are_refused(string headers) => await IsRefusedAsync(["GET", "http", "/x", "edge"], headers);

    [Theory]
    [InlineData("GET /smuggled HTTP/1.1", "http", "/x", "edge")]
    [InlineData("GET", "http", "/a b", "edge")]
    [InlineData("GET", "http", "/a HTTP/1.1\r\nx: y", "edge")]
    [InlineData("GET", "http", "/a#b", "edge")]
    [InlineData("GET", "http", "/a\\b", "edge")]
    [InlineData("GET", "http", "/a/..%2fb", "edge")]
    [InlineData("GET", "http", "/\u00C3\u00A4", "edge")]
    [InlineData("GET", "http", "http://other/a", "edge")]
    [InlineData("GET", "http", "*", "edge")]
    [InlineData("OPTIONS", "http", "*", "edge")]
    [InlineData("GET", "http", "", "edge")]
    [InlineData("GET", "https", "/x", "edge")]
    [InlineData("GET", "http://a/", "/x", "edge")]
    [InlineData("GET", "http", "/x", "user@edge")]
    [InlineData("GET", "http", "/x", "edge/y")]
    [InlineData("GET", "http", "/x", "edge:70000")]
    [InlineData("GET", "http", "/x", "")]
    [InlineData("GET", "http", "/x", null)]
    [InlineData("CONNECT", null, null, "edge:443")]
    public async Task Malformed_requests_are_refused(string? method, string? scheme, string? path, string? authority) => await IsRefusedAsync([method, scheme, path, authority], "x-a: 1");

    [Theory]
    [InlineData("/a%2Fb?c", "GET /a%2Fb?c HTTP/1.1")]
    [InlineData("/a/../b", "GET /b HTTP/1.1")]
    [InlineData("/auth/a%252F", "GET /a%252F HTTP/1.1")]
    public async Task What_is_right_gets_through(string path, string seen)
    {
        var (status, body) = await SendAsync(["GET", "http", path, "edge"], "te: trailers|cookie: a=1|cookie: b=2");

        Assert.Equal("2", status);
        Assert.StartsWith(seen, body);
        Assert.Contains("\r\nCookie: a=1; b=2\r\n", body);
        Assert.Contains("\r\nX-Forwarded-Host: edge\r\n", body);
    }

    [Fact]
    public async Task Two_hosts_are_refused_and_the_authority_rules_over_one()
    {
        await IsRefusedAsync(["GET", "http", "/x", null], "host: a|host: b");

        var (_, body) = await SendAsync(["GET", "http", "/x", "edge"], "host: other");
        Assert.Contains("\r\nX-Forwarded-Host: edge\r\n", body);
        Assert.DoesNotContain("other", body);
    }

    private async Task IsRefusedAsync(string?[] pseudo, string headers)
    {
        var before = fixture.Backend.Requests;

        var (status, _) = await SendAsync(pseudo, headers);

        Assert.Equal(("refused", before), (status is "2" ? status : "refused", fixture.Backend.Requests));
        Assert.Equal(0, fixture.Balancer.Pools.Find("web")!.GetStatistics().Backends.Sum(backend => backend.Failures));
    }

    // Frames by hand: no client library lets a test send such things. The status is its first digit, or the error's frame.
    private async Task<(string Status, string Body)> SendAsync(string?[] pseudo, string headers)
    {
        var address = fixture.Balancer.UriOf("h2");
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Cancelled);
        var stream = client.GetStream();
        var block = new List<byte>();
        foreach (var (name, value) in new[] { ":method", ":scheme", ":path", ":authority" }.Zip(pseudo))
        {
            Append(block, name, value);
        }

        foreach (var header in headers.Split('|'))
        {
            var colon = header.IndexOf(": ", 1, StringComparison.Ordinal);
            Append(block, header[..colon], header[(colon + 2)..]);
        }

        const byte EndOfStreamAndHeaders = 0x5;
        await stream.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, []), .. Frame(1, EndOfStreamAndHeaders, 1, [.. block])], Cancelled);

        var (status, body) = ("", "");
        var head = new byte[9];
        while (true)
        {
            if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, Cancelled) < head.Length)
            {
                return (status, body);
            }

            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, Cancelled);
            switch (head[3])
            {
                case 0:
                    body += Encoding.Latin1.GetString(payload);
                    break;
                case 1:
                    // A field of the static table (RFC 7541 appendix A): 8 to 10 are successes.
                    status = (payload[0] & 0x7F) is >= 8 and <= 10 ? "2" : "other";
                    break;
                case 3:
                    return ("RST_STREAM", body);
                case 7:
                    return ("GOAWAY", body);
            }

            if (head[3] is 0 or 1 && (head[4] & 1) == 1)
            {
                return (status, body);
            }
        }
    }

    // Literal, without an index and without Huffman's code (RFC 7541 section 6.2.2).
    private static void Append(List<byte> block, string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        block.Add(0);
        foreach (var text in new[] { name, value })
        {
            Assert.InRange(text.Length, 0, 126);
            block.Add((byte)text.Length);
            block.AddRange(Encoding.Latin1.GetBytes(text));
        }
    }

    private static byte[] Frame(byte type, byte flags, int id, byte[] payload)
    {
        var head = new byte[9];
        BinaryPrimitives.WriteInt32BigEndian(head, payload.Length << 8);
        (head[3], head[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(5), id);
        return [.. head, .. payload];
    }
}
