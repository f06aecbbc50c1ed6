using System.Collections.Concurrent;
using System.Diagnostics;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer7.Tests.Telemetry;

/// <summary>Keeps the spans of one trace, whose id it makes: other tests have theirs at the same time.</summary>
internal sealed class TraceRecorder : IDisposable
{
    private const string AspNetCore = "Microsoft.AspNetCore";

    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;

    public TraceRecorder()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is AspNetCore or LoadBalancerTelemetry.Name,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.TraceId == TraceId)
                {
                    _spans.Enqueue(span);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public ActivityTraceId TraceId { get; } = ActivityTraceId.CreateRandom();

    /// <summary>The span of the client, which is no object here.</summary>
    public ActivitySpanId ParentId { get; } = ActivitySpanId.CreateRandom();

    public string TraceParent => $"00-{TraceId}-{ParentId}-01";

    public Activity[] All => [.. _spans.OrderBy(span => span.StartTimeUtc)];

    public Activity[] Picks => [.. All.Where(span => span.OperationName == "pick")];

    /// <summary>Requests to backends.</summary>
    public Activity[] Attempts => [.. All.Where(span => span is { Kind: ActivityKind.Client, Source.Name: LoadBalancerTelemetry.Name })];

    /// <summary>The balancer's server spans; the test's backends have theirs in the same process.</summary>
    public Activity[] Servers => [.. All.Where(span => span.Source.Name == AspNetCore && span.ParentSpanId == ParentId)];

    /// <summary>Sends a request that is part of the trace, and waits for the end of its server span.</summary>
    public async Task<HttpResponseMessage> SendAsync(TestBalancer balancer, string path, HttpMethod? method = null, Action<HttpRequestMessage>? change = null)
    {
        var before = Servers.Length;
        using var client = balancer.CreateClient(handler => handler.ActivityHeadersPropagator = null);
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        request.Headers.Add("traceparent", TraceParent);
        change?.Invoke(request);
        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        await TestBalancer.WaitUntilAsync(() => Servers.Length == before + 1);
        return response;
    }

    public void Dispose() => _listener.Dispose();
}
