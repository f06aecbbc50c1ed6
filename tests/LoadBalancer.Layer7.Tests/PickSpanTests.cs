using System.Collections.Concurrent;
using System.Diagnostics;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer7.Tests;

public sealed class PickSpanTests
{
    [Fact]
    public async Task Every_request_has_a_span_that_says_what_was_picked_and_why()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LoadBalancerTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var a = await TestBackend.StartAsync("replica-a");
        await using var b = await TestBackend.StartAsync("replica-b");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("spanned", new())), a, b);

        var answer = await balancer.GetAsync("/");

        var span = Assert.Single(spans, span => Equals(span.GetTagItem("lb.route"), "spanned"));
        Assert.Equal("pick", span.OperationName);
        Assert.Equal("web", span.GetTagItem("lb.pool"));
        Assert.Equal("RoundRobin", span.GetTagItem("lb.policy"));
        Assert.Equal(2, span.GetTagItem("lb.candidates"));
        Assert.Equal(answer.Replica, span.GetTagItem("lb.backend.replica"));
    }
}
