using System.Text;
using LoadBalancer.Layer7.Forwarding.Http1;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

public sealed class AnswerHeadTests
{
    private readonly AnswerHead _head = new();

    [Fact]
    public void A_head_is_read_whole()
    {
        Assert.Equal(HeadStatus.Complete, Read("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length:  13 \r\nX-Empty:\r\nX-Own: a:b\r\n\r\nHello, World!", out var length));

        Assert.Equal(length, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length:  13 \r\nX-Empty:\r\nX-Own: a:b\r\n\r\n".Length);
        Assert.Equal(200, _head.Status);
        Assert.Null(_head.Reason);
        Assert.Equal(13, _head.ContentLength);
        Assert.True(_head.KeepsAlive);
        Assert.False(_head.IsChunked);
        Assert.Equal([("Content-Type", "text/plain"), ("X-Empty", ""), ("X-Own", "a:b")], Fields());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK", null)]
    [InlineData("HTTP/1.1 200 ", "")]
    [InlineData("HTTP/1.1 200", "")]
    [InlineData("HTTP/1.1 200 Fine by me", "Fine by me")]
    [InlineData("HTTP/1.1 404 Not Found", null)]
    public void A_reason_is_kept_where_it_is_not_the_usual_one(string line, string? reason)
    {
        Assert.Equal(HeadStatus.Complete, Read($"{line}\r\n\r\n"));
        Assert.Equal(reason, _head.Reason);
    }

    [Theory]
    [InlineData("HTTP/1.1", "", true)]
    [InlineData("HTTP/1.1", "Connection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: foo, Close\r\n", false)]
    [InlineData("HTTP/1.0", "", false)]
    [InlineData("HTTP/1.0", "Connection: keep-alive\r\n", true)]
    [InlineData("HTTP/1.0", "Connection: keep-alive, close\r\n", false)]
    public void A_connection_stays_open_as_version_and_Connection_say(string version, string field, bool keepsAlive)
    {
        Assert.Equal(HeadStatus.Complete, Read($"{version} 200 OK\r\n{field}\r\n"));
        Assert.Equal(keepsAlive, _head.KeepsAlive);
    }

    [Fact]
    public void What_is_of_the_connection_alone_goes_no_further()
    {
        Assert.Equal(HeadStatus.Complete, Read("HTTP/1.1 200 OK\r\nX-Inner: 1\r\nConnection: x-inner, keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nAlt-Svc: h3\r\nX-Outer: 2\r\n\r\n"));
        Assert.Equal([("X-Outer", "2")], Fields());
    }

    [Fact]
    public void Two_fields_of_a_name_are_two()
    {
        Assert.Equal(HeadStatus.Complete, Read("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], Fields());
        Assert.True(_head.MayRepeat);
        Assert.Equal(0, _head.ContentLength);
    }

    [Fact]
    public void A_line_that_was_read_before_is_read_again()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HeadStatus.Complete, Read($"HTTP/1.1 200 OK\r\nServer: test\r\nX-Number: {i}\r\nTransfer-Encoding: chunked\r\n\r\n"));
            Assert.Equal([("Server", "test"), ("X-Number", $"{i}")], Fields());
            Assert.True(_head.IsChunked);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\r\n\tfolded\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\nA: 1\n\n")]
    [InlineData("HTTP/1.1 200 OK\nA: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\nB: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA\0: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 O\x01K\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\n\r\n")]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH")]
    public void What_could_be_read_in_two_ways_is_refused(string head)
    {
        Assert.Equal(HeadStatus.Refused, Read(head));
        Assert.NotNull(_head.Fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HT")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\r\n\r")]
    public void A_part_of_a_head_is_waited_for(string head) => Assert.Equal(HeadStatus.Incomplete, Read(head));

    [Fact]
    public void A_head_has_an_end()
    {
        Assert.Equal(HeadStatus.Complete, Read($"HTTP/1.1 200 OK\r\nA: {new string('a', 60_000)}\r\n\r\n"));
        Assert.Equal(HeadStatus.Refused, Read($"HTTP/1.1 200 OK\r\nA: {new string('a', AnswerHead.MostBytes)}"));
        Assert.Equal(HeadStatus.Refused, Read($"HTTP/1.1 200 OK\r\nA: {new string('a', AnswerHead.MostBytes)}\r\n\r\n"));
    }

    private HeadStatus Read(string text) => Read(text, out _);

    private HeadStatus Read(string text, out int length) => _head.Read(Encoding.Latin1.GetBytes(text), out length);

    private (string, string)[] Fields() => [.. _head.Fields.Select(field => (field.Name, field.Text))];
}
