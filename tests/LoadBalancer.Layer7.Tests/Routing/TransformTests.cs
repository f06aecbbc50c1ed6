using LoadBalancer.Layer7.Tests.Correctness;

namespace LoadBalancer.Layer7.Tests.Routing;

/// <summary>YARP's transforms do here what YARP's documentation says.</summary>
public sealed class TransformTests
{
    [Theory]
    [InlineData("/api/{id}/{**rest}", "/api/7/x/y?q=1", "PathPrefix=/v2", "GET /v2/api/7/x/y?q=1 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x/y?q=1", "PathRemovePrefix=/api", "GET /7/x/y?q=1 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x/y?q=1", "PathSet=/fixed", "GET /fixed?q=1 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x/y?q=1", "PathPattern=/items/{id}/{**rest}", "GET /items/7/x/y?q=1 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x", "QueryRouteParameter=item;Set=id", "GET /api/7/x?item=7 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x?q=1", "QueryValueParameter=q;Append=2", "GET /api/7/x?q=1&q=2 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x?q=1&r=2", "QueryRemoveParameter=q", "GET /api/7/x?r=2 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x%2Fy?q=1&r=2", "QueryRemoveParameter=q", "GET /api/7/x%2Fy?r=2 HTTP/1.1")]
    [InlineData("/api/{id}/{**rest}", "/api/7/x", "HttpMethodChange=GET;Set=REPORT", "REPORT /api/7/x HTTP/1.1")]
    // Keys have no case, in configuration.
    [InlineData("/api/{id}/{**rest}", "/api/7/x", "pathprefix=/v2", "GET /v2/api/7/x HTTP/1.1")]
    public async Task The_request_line_is_rewritten(string path, string asked, string transform, string seen)
    {
        var answer = await SendAsync(new() { Path = path, Transforms = [Parse(transform)] }, asked);

        Assert.Equal(seen, answer.SeenLine);
    }

    [Theory]
    [InlineData("RequestHeader=X-A;Set=b", "X-A", "b")]
    [InlineData("RequestHeader=X-A;Append=b", "X-A", "sent, b")]
    [InlineData("RequestHeaderRemove=X-A", "X-A", null)]
    [InlineData("RequestHeaderRouteValue=X-Id;Set=id", "X-Id", "7")]
    [InlineData("RequestHeaderOriginalHost=true", "Host", "edge")]
    [InlineData("RequestHeader=Host;Set=catalog.internal", "Host", "catalog.internal")]
    [InlineData("RequestHeadersCopy=false", "X-A", null)]
    [InlineData("RequestHeadersAllowed=X-B;X-A", "X-A", "sent")]
    [InlineData("RequestHeadersAllowed=X-B", "X-A", null)]
    public async Task Request_headers_are_rewritten(string transform, string header, string? seen)
    {
        var parsed = transform.StartsWith("RequestHeadersAllowed", StringComparison.Ordinal) ? new() { ["RequestHeadersAllowed"] = transform.Split('=')[1] } : Parse(transform);

        var answer = await SendAsync(new() { Path = "/api/{id}/{**rest}", Transforms = [parsed] }, "/api/7/x");

        Assert.Equal(seen, answer.SeenHeader(header) is { Length: > 0 } values ? string.Join(", ", values) : null);
        Assert.Equal(["127.0.0.1"], answer.SeenHeader("X-Forwarded-For"));
    }

    [Theory]
    [InlineData("ResponseHeader=X-B;Set=c", "X-B", "c")]
    [InlineData("ResponseHeader=X-B;Append=c", "X-B", "answered, c")]
    [InlineData("ResponseHeader=X-C;Set=c;When=Failure", "X-C", null)]
    [InlineData("ResponseHeader=X-C;Set=c;When=Always", "X-C", "c")]
    [InlineData("ResponseHeaderRemove=X-B", "X-B", null)]
    [InlineData("ResponseHeadersCopy=false", "X-B", null)]
    public async Task Response_headers_are_rewritten(string transform, string header, string? seen)
    {
        var answer = await SendAsync(new() { Transforms = [Parse(transform)] }, "/x");

        Assert.Equal(seen, answer.Header(header) is { Length: > 0 } values ? string.Join(", ", values) : null);
    }

    [Fact]
    public async Task They_follow_RemovePrefix_in_the_order_given()
    {
        var answer = await SendAsync(new()
        {
            Path = "/auth/{**rest}",
            RemovePrefix = "/auth",
            Transforms = [new() { ["PathPrefix"] = "/b" }, new() { ["PathPrefix"] = "/a" }, new() { ["RequestHeader"] = "X-N", ["Set"] = "1" }, new() { ["RequestHeader"] = "X-N", ["Append"] = "2" }],
        }, "/auth/x");

        Assert.Equal("GET /a/b/x HTTP/1.1", answer.SeenLine);
        Assert.Equal("1, 2", string.Join(", ", answer.SeenHeader("X-N")));
    }

    private static async Task<RawAnswer> SendAsync(Configuration.RouteOptions route, string path)
    {
        await using var backend = new RawBackend { Headers = "X-B: answered" };
        await using var balancer = await backend.StartBalancerAsync(TestBalancer.Options(("route", route)));
        return await RawAnswer.OfAsync(balancer.Uri, $"GET {path} HTTP/1.1\r\nHost: edge\r\nX-A: sent\r\n\r\n");
    }

    private static Dictionary<string, string> Parse(string transform) => transform.Split(';').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
}
