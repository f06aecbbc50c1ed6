using System.Net;
using System.Text.RegularExpressions;

namespace LoadBalancer.Server.Tests;

public sealed partial class LivePageTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_and_all_that_it_names_are_there_and_on_this_host()
    {
        await using var server = await TestServer.StartAsync(new());
        var asked = new Queue<string>(["/"]);
        var seen = new Dictionary<string, string>();
        while (asked.TryDequeue(out var path))
        {
            if (seen.ContainsKey(path))
            {
                continue;
            }

            using var response = await server.Admin.GetAsync(path, Cancelled);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var text = await response.Content.ReadAsStringAsync(Cancelled);
            seen.Add(path, response.Content.Headers.ContentType!.MediaType!);
            foreach (var name in Files().Matches(text).Select(match => match.Groups[1].Value))
            {
                asked.Enqueue($"/page/{name}");
            }

            // Names of XML, not addresses that anybody asks.
            Assert.DoesNotContain("://", text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }

        Assert.Equal("text/html", seen["/"]);
        Assert.Equal("text/css", seen["/page/page.css"]);
        Assert.Equal("text/javascript", seen["/page/feed.js"]);
        Assert.Equal("image/svg+xml", seen["/page/icon.svg"]);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/page/app.js")]
    public async Task It_cannot_be_framed_and_runs_nothing_that_is_not_its_own(string path)
    {
        await using var server = await TestServer.StartAsync(new());

        using var response = await server.Admin.GetAsync(path, Cancelled);

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("DENY", Assert.Single(response.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task The_document_has_no_script_and_no_style_of_its_own()
    {
        await using var server = await TestServer.StartAsync(new());

        var text = await server.Admin.GetStringAsync("/", Cancelled);

        Assert.DoesNotMatch(@"<style|\sstyle=|\son\w+=", text);
        Assert.All(Scripts().Matches(text), script => Assert.Contains("src=\"/page/", script.Value, StringComparison.Ordinal));
        Assert.DoesNotContain("Token\":", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_browser_has_already_is_not_sent_again()
    {
        await using var server = await TestServer.StartAsync(new());
        using var first = await server.Admin.GetAsync("/page/app.js", Cancelled);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/page/app.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var second = await server.Admin.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(Cancelled));
    }

    [GeneratedRegex("""["'](?:/page/|\./)([a-z]+\.[a-z]+)["']""")]
    private static partial Regex Files();

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Scripts();
}
