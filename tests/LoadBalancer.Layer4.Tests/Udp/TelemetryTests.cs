using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Udp;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_session_is_one_span_with_what_became_of_it()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen("udp-traced session", spans);
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { MaxReplies = 2, Address = "*:0", Policy = SelectionPolicy.LeastConnections }, "udp-traced");
        using var client = UdpClients.To(new(IPAddress.Parse("127.0.0.5"), balancer.Address.Port));
        await client.AskAsync("12345");
        await client.AskAsync("67");

        await Eventually.TrueAsync(() => !spans.IsEmpty);

        var span = Assert.Single(spans);
        Assert.Equal((ActivityKind.Server, ActivityStatusCode.Unset, default), (span.Kind, span.Status, span.ParentSpanId));
        Assert.Equal(
            new Dictionary<string, object?>
            {
                ["network.transport"] = "udp",
                ["network.type"] = "ipv4",
                ["network.peer.address"] = "127.0.0.1",
                ["network.peer.port"] = ((IPEndPoint)client.LocalEndPoint!).Port,
                ["client.address"] = "127.0.0.1",
                ["client.port"] = ((IPEndPoint)client.LocalEndPoint!).Port,
                ["server.address"] = "127.0.0.5",
                ["server.port"] = balancer.Address.Port,
                ["lb.listener"] = "udp-traced",
                ["lb.pool"] = "backends",
                ["lb.policy"] = "LeastConnections",
                ["lb.backend"] = backend.Address.ToString(),
                ["lb.backend.replica"] = backend.Address.ToString(),
                ["lb.attempt"] = 1,
                ["lb.retries"] = 0,
                ["lb.bytes.to_backend"] = 7L,
                ["lb.bytes.to_client"] = 7L,
                ["lb.reason"] = "Completed",
            },
            span.TagObjects.ToDictionary());
        Assert.Equal(["connected", "first byte"], span.Events.Select(happened => happened.Name));
    }

    [Theory]
    [InlineData(true, "BackendReset")]
    [InlineData(false, "NoBackend")]
    public async Task A_session_that_fails_is_an_error_with_its_reason(bool hasBackend, string reason)
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen($"udp-{reason} session", spans);
        await using var backend = UdpBackend.ByHand();
        await using var balancer = await UdpClients.StartAsync(hasBackend ? [backend.Address] : [], name: $"udp-{reason}");
        await backend.DisposeAsync();
        using var client = balancer.Client();
        await client.SendDatagramAsync("x");

        await Eventually.TrueAsync(() => !spans.IsEmpty);

        var span = Assert.Single(spans);
        Assert.Equal((ActivityStatusCode.Error, reason, reason), (span.Status, span.StatusDescription, span.GetTagItem("lb.reason")));
    }

    [Fact]
    public async Task Each_session_is_a_trace_of_its_own_and_silence_is_no_error()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen("udp-silent session", spans);
        await using var backend = UdpBackend.Echo();
        await using var balancer = await UdpClients.StartAsync([backend.Address], new() { IdleTimeout = TimeSpan.FromSeconds(2) }, "udp-silent");
        await balancer.AskOnceAsync();
        await balancer.AskOnceAsync();

        await Eventually.TrueAsync(() => spans.Count == 2);

        Assert.All(spans, span => Assert.Equal((ActivityStatusCode.Unset, "IdleTimeout", default), (span.Status, span.GetTagItem("lb.reason"), span.ParentSpanId)));
        Assert.Equal(2, spans.Select(span => span.TraceId).Distinct().Count());
    }

    // Each test has a listener's name of its own, so that it sees no other test's spans.
    private static ActivityListener Listen(string name, ConcurrentQueue<Activity> spans)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == LoadBalancerTelemetry.Name,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.DisplayName == name)
                {
                    spans.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
