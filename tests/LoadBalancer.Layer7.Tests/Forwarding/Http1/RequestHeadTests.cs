using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text;
using LoadBalancer.Layer7.Forwarding.Http1;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

public sealed class RequestHeadTests
{
    [Fact]
    public void A_backend_gets_the_request_with_its_own_host()
    {
        var context = Request("GET", "/a/b;c=d", "?q=1&r=%20");
        context.Request.Headers.Accept = "text/html";
        context.Request.Headers["X-Two"] = new(["1", "2"]);

        Assert.Equal(
            "GET /a/b;c=d?q=1&r=%20 HTTP/1.1\r\nHost: backend:5000\r\nAccept: text/html\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n",
            Write(context));
    }

    [Fact]
    public void What_a_client_says_of_its_connection_goes_no_further()
    {
        var context = Request("GET", "/", "");
        foreach (var name in (string[])["Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Upgrade-Insecure-Requests", "HTTP2-Settings", "Transfer-Encoding", ":path"])
        {
            context.Request.Headers[name] = "lie";
        }

        Assert.Equal("GET / HTTP/1.1\r\nHost: backend:5000\r\n\r\n", Write(context));
    }

    [Theory]
    [InlineData("POST", 5L, true, "Content-Length: 5")]
    [InlineData("POST", null, true, "Transfer-Encoding: chunked")]
    [InlineData("POST", null, false, "Content-Length: 0")]
    [InlineData("GET", 0L, false, "Content-Length: 0")]
    [InlineData("GET", null, false, null)]
    [InlineData("DELETE", null, false, null)]
    public void The_length_of_a_body_is_said_once(string method, long? length, bool hasBody, string? expected)
    {
        var context = Request(method, "/", "");
        context.Request.ContentLength = length;

        var framing = Write(context, hasBody).Split("\r\n").Where(line => line.StartsWith("Content-Length", StringComparison.Ordinal) || line.StartsWith("Transfer-Encoding", StringComparison.Ordinal));

        Assert.Equal(expected is null ? [] : [expected], framing);
    }

    [Fact]
    public void A_value_cannot_bring_a_line_of_its_own()
    {
        var context = Request("GET", "/", "");
        context.Request.Headers["X-Bad"] = "a\r\nX-Evil: 1";
        Assert.DoesNotContain("Evil", Write(context), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_keep_their_bytes_and_may_be_long()
    {
        var context = Request("GET", "/", "");
        context.Request.Headers["X-Name"] = "Žluťoučký";
        context.Request.Headers["X-Long"] = new string('x', 30_000);
        var text = Write(context);
        Assert.Contains("X-Name: Žluťoučký\r\n", text, StringComparison.Ordinal);
        Assert.Contains($"X-Long: {new string('x', 30_000)}\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_trace_goes_on_from_the_current_span()
    {
        var context = Request("GET", "/", "");
        context.Request.Headers.TraceParent = "00-11111111111111111111111111111111-2222222222222222-01";
        Assert.Contains("traceparent: 00-11111111111111111111111111111111-2222222222222222-01\r\n", Write(context), StringComparison.OrdinalIgnoreCase);

        using var span = new Activity("test").Start();
        Assert.Contains($"traceparent: {span.Id}\r\n", Write(context), StringComparison.Ordinal);
        Assert.DoesNotContain("1111111111", Write(context), StringComparison.Ordinal);

        span.TraceStateString = "vendor=1";
        Assert.Contains("tracestate: vendor=1\r\n", Write(context), StringComparison.Ordinal);
        Assert.Contains($"traceparent: {span.Id}\r\n", Write(context), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "X-Forwarded-Prefix: /before\r\n")]
    [InlineData("/api", "X-Forwarded-Prefix: /before/api\r\n")]
    public void A_backend_is_told_of_the_prefix_that_it_does_not_see(string? removed, string expected)
    {
        var context = Request("GET", "/", "");
        context.Request.Headers["X-Forwarded-Prefix"] = "/before";
        context.Request.Headers["X-Forwarded-Proto"] = "https";
        Assert.Contains(expected, Write(context, removed: removed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/a", true)]
    [InlineData("/a(b)!*'~@:$&+,;=-._", true)]
    [InlineData("/a b", false)]
    [InlineData("/a%2Fb", false)]
    [InlineData("/ä", false)]
    [InlineData("", false)]
    [InlineData("*", false)]
    public void Only_a_path_that_needs_no_encoding_is_written(string path, bool expected) => Assert.Equal(expected, RequestHead.CanWritePath(path));

    [Theory]
    [InlineData("", true)]
    [InlineData("?b=c%20d&[e]", true)]
    [InlineData("?b=\"c\"", false)]
    [InlineData("?b=\tc", false)]
    [InlineData("?ü", false)]
    public void Only_a_query_that_needs_no_encoding_is_written(string query, bool expected) => Assert.Equal(expected, RequestHead.CanWriteQuery(query));

    private static DefaultHttpContext Request(string method, string path, string query)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.Path = path;
        context.Request.QueryString = new(query.Length == 0 ? null : query);
        context.Request.Scheme = "http";
        context.Request.Headers.Host = "shop.example";
        context.Connection.RemoteIpAddress = IPAddress.Parse("192.0.2.1");
        return context;
    }

    private static string Write(HttpContext context, bool hasBody = false, string? removed = null)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64);
        var length = RequestHead.Write(context, "backend:5000"u8, context.Request.Path.Value, removed, hasBody, ref buffer);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
