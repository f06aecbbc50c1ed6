namespace LoadBalancer.Layer7.Tests.Correctness;

/// <summary>What the route sees of a path is what the backend gets, or the request is refused.</summary>
public sealed class PathTests(RawFixture fixture) : IClassFixture<RawFixture>
{
    [Theory]
    [InlineData("/a/../b", "/b")]
    [InlineData("/a/%2e%2e/b", "/b")]
    [InlineData("/a/.%2E/b", "/b")]
    [InlineData("/a/%2E/b", "/a/b")]
    [InlineData("/a/..", "/")]
    [InlineData("/a/.", "/a/")]
    [InlineData("/../../x", "/x")]
    [InlineData("/a/b/../../../c/./d/..", "/c/")]
    [InlineData("/a%2Fb", "/a%2Fb")]
    [InlineData("/a%2fb", "/a%2Fb")]
    [InlineData("/a%252Fb", "/a%252Fb")]
    [InlineData("/a%25b", "/a%25b")]
    [InlineData("/a%5Cb", "/a%5Cb")]
    [InlineData("/a%3Bb;c=d", "/a%3Bb;c=d")]
    [InlineData("/a/;x=1/b", "/a/;x=1/b")]
    [InlineData("/a;x/../b", "/b")]
    [InlineData("/a//b", "/a//b")]
    [InlineData("//a", "//a")]
    [InlineData("/a%41%7e%2D", "/aA~-")]
    [InlineData("/a%20b+c", "/a%20b+c")]
    [InlineData("/%C3%A4", "/%C3%A4")]
    [InlineData("/%E9", "/%E9")]
    [InlineData("/a%0D%0Ab", "/a%0D%0Ab")]
    [InlineData("/a[b]|\"", "/a%5Bb%5D%7C%22")]
    [InlineData("/a...b/.c/..d/e..", "/a...b/.c/..d/e..")]
    [InlineData("/a%2e%2e%2fb", "/a..%2Fb")]
    [InlineData("/a?x=/../%2e%2e&y=..;", "/a?x=/../%2e%2e&y=..;")]
    [InlineData("/a%2Fb?x=%2F..%41", "/a%2Fb?x=%2F..%41")]
    [InlineData("/a??b", "/a??b")]
    [InlineData("http://edge/a/../b?c", "/b?c")]
    [InlineData("http://edge", "/")]
    [InlineData("http://edge?a=b", "/?a=b")]
    // A prefix that the backend does not see.
    [InlineData("/auth", "/")]
    [InlineData("/auth/", "/")]
    [InlineData("/auth/a%2Fb", "/a%2Fb")]
    [InlineData("/auth/a%252Fb/%3B", "/a%252Fb/%3B")]
    [InlineData("/%61uth/x%2Fy", "/x%2Fy")]
    [InlineData("/%61uth", "/")]
    [InlineData("/AUTH/x", "/x")]
    [InlineData("/auth/../x", "/x")]
    [InlineData("/x/../auth/y", "/y")]
    [InlineData("/auth//x", "//x")]
    [InlineData("/auth%2Fx", "/auth%2Fx")]
    // A path made anew.
    [InlineData("/p/x", "/v2/x")]
    [InlineData("/p/a%2Fb", "/v2/a%2Fb")]
    [InlineData("/p/a%25b", "/v2/a%25b")]
    [InlineData("/p/%E9", "/v2/%E9")]
    public async Task The_backend_gets_the_path_normalised_and_no_more(string asked, string seen)
    {
        var answer = await fixture.SendAsync($"GET {asked} HTTP/1.1\r\nHost: edge\r\n\r\n");

        Assert.Equal($"GET {seen} HTTP/1.1", answer.SeenLine);
    }

    [Theory]
    [InlineData("/a\\b")]
    [InlineData("/a/..\\b")]
    [InlineData("/a/..%2Fb")]
    [InlineData("/a/%2e%2e%2fb")]
    [InlineData("/a/..%5Cb")]
    [InlineData("/a/.%2fb")]
    [InlineData("/a/b%2F..")]
    [InlineData("/a/..;/b")]
    [InlineData("/a/..;x=1/b")]
    [InlineData("/a/..%3B/b")]
    [InlineData("/a/.;/b")]
    [InlineData("/a%00b")]
    [InlineData("/a%zz")]
    [InlineData("/a%2")]
    [InlineData("/a%")]
    [InlineData("/a%u002f")]
    [InlineData("/a%C0%AFb")]
    [InlineData("/a%c1%9c")]
    [InlineData("/a%E0%80%AF")]
    [InlineData("/a%F0%80%80%AF")]
    [InlineData("/a#b")]
    [InlineData("/a?b#c")]
    [InlineData("/a\u00E4")]
    [InlineData("http://edge/a%2Fb")]
    [InlineData("http://edge/a\\b")]
    [InlineData("http://user@edge/a")]
    [InlineData("http://other/a")]
    [InlineData("ftp://edge/a")]
    [InlineData("https://edge/a", 421)]
    [InlineData("/p/a%2Fb%25")]
    public async Task A_path_that_could_be_read_in_two_ways_is_refused(string asked, int status = 400)
    {
        var before = fixture.Backend.Requests;

        var answer = await fixture.SendAsync($"GET {asked} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

        Assert.Equal((status, before), (answer.Status, fixture.Backend.Requests));
    }

    [Theory]
    [InlineData("OPTIONS * HTTP/1.1", 400)]
    [InlineData("GET * HTTP/1.1", 405)]
    [InlineData("GET x HTTP/1.1", 405)]
    public async Task A_target_without_a_path_is_refused(string line, int status) =>
        Assert.Equal(status, (await fixture.SendAsync($"{line}\r\nHost: edge\r\nConnection: close\r\n\r\n")).Status);

    [Fact]
    public async Task No_way_of_writing_a_path_gets_around_a_route()
    {
        await using var backend = new RawBackend();
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(
            ("admin", new() { Path = "/admin/{**rest}", Transforms = [new() { ["RequestHeader"] = "X-Route", ["Set"] = "admin" }] }),
            ("all", new() { Transforms = [new() { ["RequestHeader"] = "X-Route", ["Set"] = "all" }] })));
        var random = new Random(20260101);
        string[] pieces = ["/", "admin", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", ";", "%3b", "a", "%61", "dmin", "%25", "%00", "%c0%af", "//", "?", "x"];

        for (var i = 0; i < 400; i++)
        {
            var path = "/" + string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => pieces[random.Next(pieces.Length)]));
            var answer = await RawAnswer.OfAsync(balancer.Uri, $"GET {path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");
            if (answer.Status != 200)
            {
                Assert.Equal((400, path), (answer.Status, path));
                continue;
            }

            // As the strictest of backends would read it: by segments, undone of nothing.
            var seen = answer.SeenLine.Split(' ')[1].Split('?')[0];
            var isAdmin = seen.Equals("/admin", StringComparison.OrdinalIgnoreCase) || seen.StartsWith("/admin/", StringComparison.OrdinalIgnoreCase);
            Assert.Equal((path, isAdmin ? "admin" : "all"), (path, Assert.Single(answer.SeenHeader("X-Route"))));
            // And as one that undoes all escapes and parameters before it looks for dots.
            Assert.DoesNotContain(Uri.UnescapeDataString(seen).Replace('\\', '/').Split('/'), segment => segment.Split(';')[0] is "." or "..");
        }
    }
}
