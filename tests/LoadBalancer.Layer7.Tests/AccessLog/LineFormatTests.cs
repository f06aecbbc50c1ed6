using System.Text;
using LoadBalancer.Layer7.AccessLog;

namespace LoadBalancer.Layer7.Tests.AccessLog;

public sealed class LineFormatTests
{
    // Ends of lines of every script, quotes, escapes, tabs, a terminal's escape, DEL, C1, a bidirectional override, letters and half a character.
    private const string Hostile = "a\r\nb\n\"c\" \\d\t\u001b[31m\u007f\u0085\u2028\u202eé🙂\ud800";

    [Fact]
    public void Combined()
    {
        Assert.Equal(
            "192.0.2.7 - - [02/Jan/2026:03:04:05 +0000] \"GET /a?b=c HTTP/1.1\" 200 2326 \"http://from.example/\" \"curl/8.0\"\n",
            Line(new CombinedFormat(), Entries.Some(referer: "http://from.example/")));
        Assert.Equal(
            "- - - [02/Jan/2026:03:04:05 +0000] \"- - -\" 414 - \"-\" \"-\"\n",
            Line(new CombinedFormat(), Entries.Some() with { ClientAddress = null, Method = "", Target = "", Protocol = "", Status = 414, BytesOut = 0, UserAgent = null }));
    }

    [Fact]
    public void W3C()
    {
        var text = new StringBuilder();
        new W3CFormat().AppendHead(text, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        var head = text.ToString().Split('\n');
        Assert.Equal("#Version: 1.0", head[0]);
        Assert.Contains("#Date: 2026-01-02 03:04:05", head);
        var fields = head.Single(line => line.StartsWith("#Fields: ", StringComparison.Ordinal))["#Fields: ".Length..].Split(' ');

        var line = Line(new W3CFormat(), Entries.Some(userAgent: "Mozilla/5.0 (X11)") with { Refusal = "Timeout" });
        var values = fields.Zip(line.TrimEnd('\n').Split(' ')).ToDictionary(pair => pair.First, pair => pair.Second);

        Assert.Equal(fields.Length, line.Split(' ').Length);
        Assert.Equal(("2026-01-02", "03:04:05"), (values["date"], values["time"]));
        Assert.Equal(("192.0.2.7", "GET", "/a", "b=c"), (values["c-ip"], values["cs-method"], values["cs-uri-stem"], values["cs-uri-query"]));
        Assert.Equal(("200", "2326", "10", "1.235"), (values["sc-status"], values["sc-bytes"], values["cs-bytes"], values["time-taken"]));
        Assert.Equal(("Mozilla/5.0+(X11)", "-"), (values["cs(User-Agent)"], values["cs(Referer)"]));
        Assert.Equal(("all", "web", "web-1", "2"), (values["x-route"], values["x-pool"], values["x-backend"], values["x-attempts"]));
        Assert.Equal(("0.034", "0.005", "Timeout"), (values["x-first-byte"], values["x-queue"], values["x-refusal"]));
        Assert.Equal("0123456789abcdef0123456789abcdef", values["x-trace-id"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_that_a_client_sends_makes_a_line_or_a_field(bool isCombined)
    {
        ILineFormat format = isCombined ? new CombinedFormat() : new W3CFormat();
        var harmless = Line(format, Entries.Some(target: "/a?b", userAgent: "a", referer: "a", host: "a"));
        var hostile = Line(format, Entries.Some(target: $"/{Hostile}?{Hostile}", userAgent: Hostile, referer: Hostile, host: Hostile) with { Method = Hostile });

        Assert.Equal(hostile.Length - 1, hostile.IndexOf('\n', StringComparison.Ordinal));
        Assert.All(hostile.TrimEnd('\n'), letter => Assert.InRange(letter, ' ', '~'));
        if (isCombined)
        {
            // A quote counts where no backslash is before it.
            Assert.Equal(6, hostile.Replace(@"\\", "").Replace("\\\"", "").Count(letter => letter == '"'));
            Assert.Contains(@"a\x0d\x0ab\x0a\""c\"" \\d\x09\x1b[31m\x7f\xc2\x85\xe2\x80\xa8", hostile);
        }
        else
        {
            Assert.DoesNotContain('"', hostile);
            Assert.Equal(harmless.Split(' ').Length, hostile.Split(' ').Length);
        }
    }

    [Theory]
    [InlineData(null, "-")]
    [InlineData("", "-")]
    [InlineData("plain text", "plain text")]
    [InlineData("é ü 漢", "é ü 漢")]
    [InlineData("a\nb\r\u001b\u0085\u2028\u202e", "a\\u000ab\\u000d\\u001b\\u0085\\u2028\\u202e")]
    [InlineData("say \"hi\" \\", "say \\\"hi\\\" \\\\")]
    public void The_log_of_the_process_shows_letters_and_escapes_the_rest(string? text, string expected) =>
        Assert.Equal(expected, LogText.Visible(text));

    private static string Line(ILineFormat format, AccessLogEntry entry)
    {
        var text = new StringBuilder();
        format.AppendLine(text, entry);
        return text.ToString();
    }
}
