using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Limits;

public sealed class BodySizeTests
{
    private const int Limit = 100_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(HttpListenerProtocols.Http1, false)]
    [InlineData(HttpListenerProtocols.Http1, true)]
    [InlineData(HttpListenerProtocols.Http2, false)]
    [InlineData(HttpListenerProtocols.Http2, true)]
    public async Task A_body_of_the_size_goes_through_and_one_byte_more_is_413(HttpListenerProtocols protocols, bool isChunked)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, protocols);
        using var client = ClientOf(balancer, protocols);

        using var fits = await client.SendAsync(Upload(client, Limit, isChunked), Cancelled);
        Assert.Equal(Limit, (await fits.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Length);

        using var refused = await client.SendAsync(Upload(client, Limit + 1, isChunked), Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        var text = await refused.Content.ReadAsStringAsync(Cancelled);
        Assert.Contains("\"reason\": \"BodyTooLarge\"", text);
        Assert.Contains("100000 bytes", text);
        Assert.Equal(1, balancer.Route("all").Limits!.TooLarge);

        // No fault of the backend's, which is asked for nothing when the length tells.
        Assert.Equal(0, balancer.Pools.Find("web")!.GetStatistics().Backends.Single().Failures);
        Assert.InRange(backend.Requests, 1, isChunked ? 2 : 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_sends_far_too_much_over_HTTP_2_gets_the_answer_nevertheless(bool isChunked)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, HttpListenerProtocols.Http2);
        using var client = ClientOf(balancer, HttpListenerProtocols.Http2);

        using var refused = await client.SendAsync(Upload(client, 20_000_000, isChunked), Cancelled);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Contains("BodyTooLarge", await refused.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task One_that_says_its_length_is_refused_before_a_byte_of_it_was_sent()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend);
        using var connection = await RawConnection.OpenAsync(balancer.Uri);

        await connection.SendAsync("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000000\r\nExpect: 100-continue\r\n\r\n");

        var answer = await connection.ReadUntilAsync("\r\n}\n".Replace("\r", ""));
        Assert.StartsWith("HTTP/1.1 413 ", answer);
        Assert.Contains("\r\nConnection: close\r\n", answer);
        Assert.Equal(0, backend.Requests);
    }

    [Fact]
    public async Task One_that_comes_without_a_length_is_refused_while_it_comes()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend);
        using var connection = await RawConnection.OpenAsync(balancer.Uri);
        await connection.SendAsync("POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");

        var chunk = new string('x', 10_000);
        for (var i = 0; i < 11; i++)
        {
            await connection.SendAsync($"2710\r\n{chunk}\r\n");
        }

        // It never ends.
        Assert.StartsWith("HTTP/1.1 413 ", await connection.ReadUntilAsync("BodyTooLarge"));
    }

    [Fact]
    public async Task A_route_that_takes_no_body_serves_requests_without_one()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new() { MaxRequestBodySize = 0 })), backend);
        using var client = balancer.CreateClient();

        using var without = await client.GetAsync("/", Cancelled);
        using var with = await client.PostAsync("/", new StringContent("x"), Cancelled);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.RequestEntityTooLarge), (without.StatusCode, with.StatusCode));
    }

    [Fact]
    public async Task A_body_that_breaks_its_framing_is_400_and_says_so()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend);
        using var connection = await RawConnection.OpenAsync(balancer.Uri);

        await connection.SendAsync("POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n");

        var answer = await connection.ReadUntilAsync("BadRequest");
        Assert.StartsWith("HTTP/1.1 400 ", answer);
        Assert.Equal(0, balancer.Pools.Find("web")!.GetStatistics().Backends.Single().Failures);
    }

    private static Task<TestBalancer> StartAsync(TestBackend backend, HttpListenerProtocols protocols = HttpListenerProtocols.Http1)
    {
        var options = TestBalancer.Options(("all", new() { MaxRequestBodySize = Limit }));
        options.Layer7.Listeners["http"].Protocols = protocols;
        return TestBalancer.StartAsync(options, backend);
    }

    private static HttpClient ClientOf(TestBalancer balancer, HttpListenerProtocols protocols)
    {
        var client = balancer.CreateClient();
        client.DefaultRequestVersion = protocols == HttpListenerProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return client;
    }

    private static HttpRequestMessage Upload(HttpClient client, int size, bool isChunked)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/length") { Content = new ByteArrayContent(new byte[size]), Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        if (isChunked)
        {
            // Over HTTP/2 it makes a body without a content-length.
            request.Headers.TransferEncodingChunked = true;
        }

        return request;
    }
}
