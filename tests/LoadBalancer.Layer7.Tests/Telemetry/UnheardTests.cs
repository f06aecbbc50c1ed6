using System.Diagnostics;
using System.Net.Http.Json;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Forwarding.Http1;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Layer7.Tests.Telemetry;

[Collection(UnheardCollection.Name)]
public sealed class UnheardTests
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Theory]
    [InlineData(Way.Own)]
    [InlineData(Way.Yarp)]
    public async Task Without_a_listener_what_the_client_sent_goes_on_as_it_came(Way way)
    {
        var answer = await AskAsync(way);

        Assert.Equal((TraceParent, "vendor=1", "user=anna"), (answer.Headers["traceparent"], answer.Headers["tracestate"], answer.Headers["baggage"]));
    }

    // As OpenTelemetry's SDK says it: whoever is at the edge of the process passes the ids on, and that is all.
    [Theory]
    [InlineData(Way.Own)]
    [InlineData(Way.Yarp)]
    public async Task A_request_that_is_not_sampled_keeps_its_trace_and_makes_no_span(Way way)
    {
        var spans = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is "Microsoft.AspNetCore" or LoadBalancerTelemetry.Name,
            Sample = static (ref options) => options.Parent.IsRemote ? ActivitySamplingResult.PropagationData : ActivitySamplingResult.None,
            ActivityStarted = span => spans += span.Source.Name == LoadBalancerTelemetry.Name ? 1 : 0,
        };
        ActivitySource.AddActivityListener(listener);

        var answer = await AskAsync(way);

        Assert.Matches("^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$", answer.Headers["traceparent"]);
        Assert.DoesNotContain("b7ad6b7169203331", answer.Headers["traceparent"]);
        Assert.Equal(("vendor=1", "user=anna", 0), (answer.Headers["tracestate"], answer.Headers["baggage"].Replace(" ", ""), spans));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_allocates_nothing_for_telemetry_that_nobody_wants(bool isHeard)
    {
        using var listener = isHeard ? NotSampling() : null;
        // What ASP.NET Core makes of a request whose trace is not sampled.
        using var server = isHeard ? new Activity("server").SetParentId(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom()).Start() : null;
        var pool = new BackendPool("pool", "http://pool", new() { HealthCheck = new() { Type = HealthCheckType.None } }, NullLogger.Instance);
        pool.SetMembers([new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 5000)]);
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        var request = new BalancedRequest(new Route("route", new(), pool, null));
        var attempt = new Attempt(null!, context, request, pool.Snapshot.Members[0], 1);

        Assert.Equal(isHeard, LoadBalancerTelemetry.Source.HasListeners());
        Assert.Equal(0, Allocations.Of(() =>
        {
            _ = Layer7Telemetry.IsHeard;
            using (var pick = PickSpan.Start())
            {
                Assert.Null(pick);
            }

            attempt.Span = AttemptSpan.Start(attempt);
            Assert.Null(attempt.Span);
            using var another = PickSpan.StartAfter(attempt);
            Layer7Telemetry.RecordRequest(request, 200, TimeSpan.Zero);
            Layer7Telemetry.RecordRefused("route", Refusal.NoBackend);
        }));
    }

    [Fact]
    public void A_head_allocates_nothing_for_the_context_of_a_request_that_is_not_sampled()
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        context.Request.Headers.TraceParent = TraceParent;
        var buffer = new byte[1024];
        var host = "127.0.0.1:5000"u8.ToArray();
        Action write = () => RequestHead.Write(context, host, "/", removed: null, hasBody: false, ref buffer);
        var without = Allocations.Of(write);

        using var span = new Activity("not sampled").SetParentId(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom()).Start();

        Assert.Equal(without, Allocations.Of(write));
    }

    private static ActivityListener NotSampling()
    {
        var listener = new ActivityListener { ShouldListenTo = static source => source.Name == LoadBalancerTelemetry.Name, Sample = static (ref _) => ActivitySamplingResult.None };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static async Task<Answer> AskAsync(Way way)
    {
        if (way == Way.Yarp)
        {
            TestBalancer.ForwardByYarp();
        }

        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("all", new RouteOptions())), backend);
        using var client = balancer.CreateClient(handler => handler.ActivityHeadersPropagator = null);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add("traceparent", TraceParent);
        request.Headers.Add("tracestate", "vendor=1");
        request.Headers.Add("baggage", "user=anna");
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (await response.Content.ReadFromJsonAsync<Answer>(TestContext.Current.CancellationToken))!;
    }
}
