using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>Which requests are forwarded here and which by YARP, which tells of its own.</summary>
public sealed class ChoiceTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: test\r\n\r\n", false)]
    [InlineData("GET /a/b?c=d%20e HTTP/1.1\r\nHost: test\r\nTE: trailers\r\nConnection: keep-alive, x\r\n\r\n", false)]
    [InlineData("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi", false)]
    [InlineData("GET /a%2Fb%20c/../d HTTP/1.1\r\nHost: test\r\n\r\n", false)]
    [InlineData("GET /a?b=<c> HTTP/1.1\r\nHost: test\r\n\r\n", true)]
    [InlineData("GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n", true)]
    [InlineData("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", true)]
    public async Task A_request_is_forwarded_here_when_it_is_plain(string request, bool byYarp)
    {
        using var yarp = new YarpListener();
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var balancer = await backend.StartBalancerAsync();
        using var client = await RawClient.ConnectAsync(balancer);

        await client.SendAsync(request);
        await client.ReadUntilAsync("hello");

        Assert.Equal(byYarp, yarp.HasSeen(backend.Address));
    }

    [Theory]
    [InlineData(BackendHttpVersion.Auto, false)]
    [InlineData(BackendHttpVersion.Http1, false)]
    public async Task HTTP_1_in_clear_text_is_what_it_speaks(BackendHttpVersion version, bool byYarp)
    {
        using var yarp = new YarpListener();
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var balancer = await backend.StartBalancerAsync(configure: options => options.Pools["web"].HttpVersion = version);
        using var client = await RawClient.ConnectAsync(balancer);

        await client.GetAsync();

        Assert.Equal(byYarp, yarp.HasSeen(backend.Address));
    }

    [Fact]
    public async Task A_prefix_is_taken_off_here_and_transforms_are_YARPs()
    {
        using var yarp = new YarpListener();
        var paths = new ConcurrentQueue<string>();
        await using var backend = new ScriptedBackend(exchange =>
        {
            paths.Enqueue(exchange.Path);
            return exchange.SendAsync(Hello);
        });
        await using (var balancer = await backend.StartBalancerAsync(new() { Path = "/api/{**rest}", RemovePrefix = "/api/" }))
        {
            using var client = await RawClient.ConnectAsync(balancer);
            foreach (var path in (string[])["/api/a?b=c", "/API/a", "/api", "/api/"])
            {
                await client.GetAsync(path);
            }

            Assert.Equal(["/a?b=c", "/a", "/", "/"], paths);
            Assert.False(yarp.HasSeen(backend.Address));
        }

        await using (var balancer = await backend.StartBalancerAsync(new() { Transforms = [new() { ["RequestHeadersCopy"] = "true" }] }))
        {
            using var client = await RawClient.ConnectAsync(balancer);
            await client.GetAsync();
            Assert.True(yarp.HasSeen(backend.Address));
        }
    }

    private sealed class YarpListener : EventListener
    {
        private readonly ConcurrentQueue<string> _destinations = new();

        public bool HasSeen(string address) => _destinations.Any(destination => destination.StartsWith(address, StringComparison.Ordinal));

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Yarp.ReverseProxy")
            {
                EnableEvents(eventSource, EventLevel.Informational);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData is { EventName: "ForwarderStart", Payload: [string destination, ..] })
            {
                _destinations.Enqueue(destination);
            }
        }
    }
}
