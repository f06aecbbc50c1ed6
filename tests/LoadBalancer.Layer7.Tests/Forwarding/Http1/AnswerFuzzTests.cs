using System.Text;
using LoadBalancer.Layer7.Forwarding.Http1;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>Answers that are nearly right: whatever comes, reading ends, and the same bytes are always the same answer.</summary>
public sealed class AnswerFuzzTests
{
    private const int Cases = 60_000;

    private static readonly string[] Pieces =
    [
        "HTTP/1.1 200 OK", "HTTP/1.0 200", "HTTP/1.1 304 Not Modified", "\r\n", "\r\n", "\r\n\r\n", "\n", "\r", "\0", " ", "\t", ":", ": ",
        "Content-Length", "Content-Length: 5", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding", "chunked", "Connection: close\r\n",
        "Connection: Set-Cookie\r\n", "Set-Cookie: a=1\r\n", "Date: now\r\n", "X", "é", "0", "5\r\nhello\r\n", "0\r\n\r\n", ";a=b", "ffffffffffffffff",
    ];

    [Fact]
    public void A_head_is_read_the_same_in_one_piece_and_in_many()
    {
        var random = new Random(20_261_123);
        var (whole, pieces) = (new AnswerHead(), new AnswerHead());
        var complete = 0;
        for (var i = 0; i < Cases; i++)
        {
            var bytes = Mutate(random, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello");
            var expected = whole.Read(bytes, out var length);
            if (expected == HeadStatus.Complete)
            {
                complete++;
                Assert.InRange(length, "HTTP/1.1 200\r\n\r\n".Length, bytes.Length);
                Assert.InRange(whole.Status, 100, 999);
                Assert.False(whole.IsChunked && whole.ContentLength is not null);
                Assert.All(whole.Fields, field =>
                {
                    Assert.Matches("^[!-9;-~]+$", field.Name);
                    Assert.DoesNotContain(field.Text, character => character is '\r' or '\n' or '\0');
                });
            }

            // A fault may be seen before the end, and never in what is right.
            var status = HeadStatus.Incomplete;
            for (var end = 0; status == HeadStatus.Incomplete && end < bytes.Length;)
            {
                end = Math.Min(bytes.Length, end + random.Next(1, 30));
                status = pieces.Read(bytes.AsSpan(0, end), out var lengthOfPieces);
                Assert.True(status != HeadStatus.Complete || lengthOfPieces == length);
            }

            Assert.Equal(expected, status);
        }

        Assert.InRange(complete, Cases / 20, Cases);
    }

    [Fact]
    public void A_chunked_body_is_read_the_same_in_one_piece_and_in_many()
    {
        var random = new Random(11_232_026);
        var complete = 0;
        for (var i = 0; i < Cases; i++)
        {
            var bytes = Mutate(random, "5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n");
            var whole = Read(bytes, () => bytes.Length);
            var pieces = Read(bytes, () => random.Next(1, 9));
            complete += whole is null ? 0 : 1;
            Assert.Equal(whole, pieces);
        }

        Assert.InRange(complete, Cases / 20, Cases);
    }

    // Null when it is refused or has no end.
    private static string? Read(byte[] bytes, Func<int> piece)
    {
        var chunks = default(ChunkedBody);
        var body = new StringBuilder();
        var (start, end) = (0, 0);
        while (end < bytes.Length)
        {
            end = Math.Min(bytes.Length, end + piece());
            int consumed;
            do
            {
                if (!chunks.TryRead(bytes.AsSpan(start, end - start), out consumed, out var data, out _))
                {
                    return null;
                }

                Assert.InRange(consumed, data.Length, end - start);
                body.Append(Encoding.Latin1.GetString(data));
                start += consumed;
            }
            while (consumed > 0 && !chunks.IsComplete);

            if (chunks.IsComplete)
            {
                return $"{body}|{start}";
            }
        }

        return null;
    }

    private static byte[] Mutate(Random random, string seed)
    {
        var bytes = Encoding.Latin1.GetBytes(seed).ToList();
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(4))
            {
                case 0 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1 when at < bytes.Count:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 6), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, Encoding.Latin1.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }
}
