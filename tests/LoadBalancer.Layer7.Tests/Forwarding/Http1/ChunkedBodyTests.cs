using System.Text;
using LoadBalancer.Layer7.Forwarding.Http1;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

public sealed class ChunkedBodyTests
{
    [Theory]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", "hello world")]
    [InlineData("A\r\n0123456789\r\na;name=value\r\n0123456789\r\n0 ; x\r\n\r\n", "01234567890123456789")]
    [InlineData("2\r\n\r\n\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n", "\r\n")]
    public void A_body_is_the_same_however_it_is_cut(string input, string body)
    {
        for (var cut = 1; cut <= input.Length; cut++)
        {
            var (text, rest, _) = Read(input + "NEXT", cut);
            Assert.Equal(body, text);
            Assert.Equal("NEXT", rest);
        }
    }

    [Fact]
    public void Fields_behind_a_body_are_read_and_those_of_framing_are_not()
    {
        var (_, _, trailers) = Read("1\r\nx\r\n0\r\nX-Sum: 1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Other: 2\r\n\r\n", 7);
        Assert.Equal([KeyValuePair.Create("X-Sum", "1"), KeyValuePair.Create("X-Other", "2")], trailers);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("x\r\n")]
    [InlineData("0x5\r\n")]
    [InlineData("-5\r\n")]
    [InlineData("+5\r\n")]
    [InlineData(" 5\r\n")]
    [InlineData("5 5\r\n")]
    [InlineData("5\nhello")]
    [InlineData("5\r\nhelloX")]
    [InlineData("5\r\nhello\n")]
    [InlineData("5\r\nhello\r\r\n")]
    [InlineData("5;\0\r\n")]
    [InlineData("5;a\rb\r\n")]
    [InlineData("10000000000000000\r\n")]
    [InlineData("FFFFFFFFFFFFFFFF\r\n")]
    [InlineData("0\r\n folded\r\n")]
    [InlineData("0\r\nX-Sum: 1\n")]
    public void What_is_no_chunk_is_refused(string input)
    {
        for (var cut = 1; cut <= input.Length; cut++)
        {
            Assert.Throws<FormatException>(() => Read(input + "\r\n\r\n", cut));
        }
    }

    [Fact]
    public void Lines_have_an_end()
    {
        Assert.Throws<FormatException>(() => Read("5;" + new string('x', 2_000), 4_096));
        Assert.Throws<FormatException>(() => Read("0\r\nX: " + new string('x', 20_000), 40_000));
    }

    private static (string Body, string Behind, List<KeyValuePair<string, string>> Trailers) Read(string input, int cut)
    {
        var chunks = default(ChunkedBody);
        var body = new StringBuilder();
        var trailers = new List<KeyValuePair<string, string>>();
        var bytes = Encoding.Latin1.GetBytes(input);
        var start = 0;
        for (var end = Math.Min(cut, bytes.Length); ; end = Math.Min(end + cut, bytes.Length))
        {
            int consumed;
            do
            {
                if (!chunks.TryRead(bytes.AsSpan(start, end - start), out consumed, out var data, out var trailer))
                {
                    throw new FormatException();
                }

                body.Append(Encoding.Latin1.GetString(data));
                if (trailer is { } field)
                {
                    trailers.Add(field);
                }

                start += consumed;
            }
            while (consumed > 0 && !chunks.IsComplete);

            if (chunks.IsComplete || end == bytes.Length)
            {
                Assert.True(chunks.IsComplete, "the body has no end");
                return (body.ToString(), Encoding.Latin1.GetString(bytes.AsSpan(start)), trailers);
            }
        }
    }
}
