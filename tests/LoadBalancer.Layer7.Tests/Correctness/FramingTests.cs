namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>Requests of HTTP/1.1 of which two readers could make two things: refused, or sent on in one form that all read alike.</summary>
public sealed class FramingTests(RawFixture fixture) : IClassFixture<RawFixture>
{
    private const string Chunked = "Transfer-Encoding: chunked\r\n";

    [Theory]
    // Both lengths (RFC 9112 section 6.1).
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: CHUNKED\r\ncontent-length: 5\r\n\r\n0\r\n\r\n")]
    // Lengths that are none, or two (section 6.3).
    [InlineData("Content-Length: 1\r\nContent-Length: 1\r\n\r\na")]
    [InlineData("Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("Content-Length: 1, 1\r\n\r\na")]
    [InlineData("Content-Length: +1\r\n\r\na")]
    [InlineData("Content-Length: -1\r\n\r\na")]
    [InlineData("Content-Length: 0x1\r\n\r\na")]
    [InlineData("Content-Length: 1 1\r\n\r\na")]
    [InlineData("Content-Length: \r\n\r\n")]
    [InlineData("Content-Length: 1\0\r\n\r\na")]
    [InlineData("Content-Length: 99999999999999999999\r\n\r\na")]
    [InlineData("Content-Length: 999999999999999999999999999999\r\n\r\na")]
    // Transfer codings other than chunked, or not chunked last.
    [InlineData("Transfer-Encoding: identity\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: \r\n\r\n")]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n", 501)]
    // Lines (sections 2.2 and 5).
    [InlineData("X-A: a\r\n folded\r\n\r\n")]
    [InlineData("X-A: a\r\n\tfolded\r\n\r\n")]
    [InlineData("X-A: a\nX-B: b\r\n\r\n")]
    [InlineData("X-A: a\r\n\n")]
    [InlineData("X-A: a\n\n")]
    [InlineData("X-A: a\rb\r\n\r\n")]
    [InlineData("X-A : a\r\n\r\n")]
    [InlineData("X-A\t: a\r\n\r\n")]
    [InlineData("X-A\r: a\r\n\r\n")]
    [InlineData("X A: a\r\n\r\n")]
    [InlineData("X(A): a\r\n\r\n")]
    [InlineData("X\"A: a\r\n\r\n")]
    [InlineData("X-A: a\0b\r\n\r\n")]
    [InlineData("X-A\r\n\r\n")]
    [InlineData(": a\r\n\r\n")]
    // What CGI would take for a header of the balancer's own.
    [InlineData("X_Forwarded_For: 203.0.113.9\r\n\r\n")]
    [InlineData("x-forwarded_proto: https\r\n\r\n")]
    // Headers that Connection must not name.
    [InlineData("Connection: Host\r\n\r\n")]
    [InlineData("Connection: keep-alive, Content-Length\r\nContent-Length: 0\r\n\r\n")]
    public async Task An_ambiguous_head_is_refused_reaches_no_backend_and_ends_the_connection(string rest, int status = 400)
    {
        var before = fixture.Backend.Requests;

        var answer = await fixture.SendAsync($"POST /x HTTP/1.1\r\nHost: edge\r\n{rest}");

        Assert.Equal(status, answer.Status);
        Assert.True(answer.IsClosed);
        Assert.Equal(before, fixture.Backend.Requests);
    }

    [Theory]
    [InlineData("GET /x HTTP/1.1\nHost: edge\r\n\r\n", 400)]
    [InlineData("GET  /x HTTP/1.1\r\nHost: edge\r\n\r\n", 400)]
    [InlineData("GET\t/x\tHTTP/1.1\r\nHost: edge\r\n\r\n", 400)]
    [InlineData("GET /x HTTP/1.1 \r\nHost: edge\r\n\r\n", 400)]
    [InlineData("GET /x y HTTP/1.1\r\nHost: edge\r\n\r\n", 400)]
    [InlineData("G(T /x HTTP/1.1\r\nHost: edge\r\n\r\n", 400)]
    [InlineData("GET /x\r\n", 400)]
    [InlineData("GET /x http/1.1\r\nHost: edge\r\n\r\n", 505)]
    [InlineData("GET /x HTTP/1.2\r\nHost: edge\r\n\r\n", 505)]
    [InlineData("GET /x HTTP/1.1\r\n Host: a\r\nHost: edge\r\n\r\n", 400)]
    [InlineData("POST /x HTTP/1.0\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST /x HTTP/1.0\r\nHost: edge\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("CONNECT edge:443 HTTP/1.1\r\nHost: edge:443\r\n\r\n", 501)]
    public async Task A_bad_request_line_or_version_is_refused(string request, int status)
    {
        var before = fixture.Backend.Requests;

        var answer = await fixture.SendAsync(request);

        Assert.Equal((status, true, before), (answer.Status, answer.IsClosed, fixture.Backend.Requests));
        Assert.Equal(0, fixture.Balancer.Pools.Find("web")!.GetStatistics().Backends.Sum(backend => backend.Failures));
    }

    [Theory]
    [InlineData("3;a\nb\r\nabc\r\n0\r\n\r\n")]
    [InlineData("3;a\rb\r\nabc\r\n0\r\n\r\n")]
    [InlineData("3\nabc\r\n0\r\n\r\n")]
    [InlineData("0x3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("+3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("-3\r\nabc\r\n0\r\n\r\n")]
    [InlineData(" 3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("3 \r\nabc\r\n0\r\n\r\n")]
    [InlineData("100000003\r\nabc\r\n0\r\n\r\n")]
    [InlineData("2\r\nabc\r\n0\r\n\r\n")]
    [InlineData("3\r\nabc0\r\n\r\n")]
    [InlineData("3\r\nabc\n0\r\n\r\n")]
    [InlineData("\r\nabc\r\n0\r\n\r\n")]
    public async Task A_body_whose_chunks_are_malformed_never_ends_for_the_backend(string body)
    {
        var before = fixture.Backend.Requests;

        var answer = await fixture.SendAsync($"POST /x HTTP/1.1\r\nHost: edge\r\n{Chunked}\r\n{body}");

        Assert.Equal((400, true), (answer.Status, answer.IsClosed));
        Assert.Equal(before, fixture.Backend.Requests);
        Assert.Equal(0, fixture.Balancer.Pools.Find("web")!.GetStatistics().Backends.Sum(backend => backend.Failures));
    }

    [Theory]
    [InlineData("Content-Length: 3\r\n\r\nabc", "Content-Length: 3\r\n\r\nabc")]
    [InlineData("Content-Length: 003\r\n\r\nabc", "Content-Length: 3\r\n\r\nabc")]
    [InlineData(Chunked + "\r\n3\r\nabc\r\n0\r\n\r\n", Chunked + "\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("transfer-encoding:CHUNKED\r\n\r\n0003;name=\"value\"\r\nabc\r\n0\r\n\r\n", Chunked + "\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData(Chunked + "\r\n3\r\nabc\r\n0\r\nX-Trailer: 1\r\nContent-Length: 9\r\n\r\n", Chunked + "\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("\r\n", "Content-Length: 0\r\n\r\n")]
    public async Task What_is_clear_is_sent_on_in_one_form(string rest, string seen)
    {
        var answer = await fixture.SendAsync($"POST /x HTTP/1.1\r\nHost: edge\r\n{rest}");

        Assert.Equal($"POST /x HTTP/1.1\r\n{seen}", answer.Seen);
    }

    [Fact]
    public async Task What_follows_a_body_is_the_next_request_and_nothing_else()
    {
        var before = fixture.Backend.Requests;

        var answer = await fixture.SendAsync(
            "POST /one HTTP/1.1\r\nHost: edge\r\nContent-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\nX: y\r\n"
            + "GET /two HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

        Assert.Equal("POST /one HTTP/1.1", answer.SeenLine);
        Assert.DoesNotContain("\nGET /smuggled HTTP/1.1\r\nX: y\r\nHost", answer.Body);
        // Nobody waits for the second answer, but the other tests count what comes.
        await TestBalancer.WaitUntilAsync(() => fixture.Backend.Requests >= before + 2);
        Assert.Equal(before + 2, fixture.Backend.Requests);
    }
}
