using System.Diagnostics;
using System.Net;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer4;
using LoadBalancer.Layer7;
using LoadBalancer.Layer7.Forwarding;
using LoadBalancer.Layer7.Forwarding.Http1;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;

namespace Micro;

/// <summary>
/// All that the way of a request, and of a connection, does for telemetry: spans begun, described and ended, figures
/// recorded, the trace context written. While nobody listens, or the trace is not sampled, it must allocate nothing.
/// </summary>
[MemoryDiagnoser]
public class TelemetryBenchmark
{
    private const string ConnectionName = "echo connection";

    private readonly byte[] _host = "127.0.0.1:5000"u8.ToArray();
    private byte[] _head = new byte[1024];
    private ActivityListener? _listener;
    private Activity? _server;
    private HttpContext _context = null!;
    private BalancedRequest _request = null!;
    private Attempt _attempt = null!;

    /// <summary>Who listens: nobody, a listener whose sampler says no, or one that takes everything.</summary>
    public enum Trace
    {
        Unheard,
        NotSampled,
        Sampled,
    }

    [ParamsAllValues]
    public Trace Listener { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        if (Listener != Trace.Unheard)
        {
            var result = Listener == Trace.Sampled ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None;
            _listener = new ActivityListener { ShouldListenTo = source => source == LoadBalancerTelemetry.Source, Sample = (ref _) => result };
            ActivitySource.AddActivityListener(_listener);
        }

        // What ASP.NET Core makes of a request whose trace somebody listens to.
        _server = Listener == Trace.Unheard ? null : new Activity("server") { ActivityTraceFlags = Listener == Trace.Sampled ? ActivityTraceFlags.Recorded : default }
            .SetParentId(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom()).Start();
        var pool = TestPool.Create(3);
        _context = new DefaultHttpContext();
        _context.Request.Method = "GET";
        _context.Request.Host = new("localhost");
        _request = new BalancedRequest(new Route("route", new(), pool, null));
        _attempt = new Attempt(null!, _context, _request, pool.Snapshot.Members[0], 1);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _server?.Stop();
        _listener?.Dispose();
    }

    /// <summary>A request on Layer 7: the check around it, its pick, its attempt, the head that its backend gets, its figures.</summary>
    [Benchmark]
    public int Request()
    {
        Activity.Current = _server;
        var isHeard = Layer7Telemetry.IsHeard;
        using (var pick = PickSpan.Start())
        {
            if (pick is not null)
            {
                PickSpan.Describe(pick, _request, new(_attempt.Backend, default), tried: 0, attempt: 1);
            }
        }

        _attempt.Span = AttemptSpan.Start(_attempt);
        var length = RequestHead.Write(_context, _host, "/items", removed: null, hasBody: false, ref _head);
        if (_attempt.Span is { } span)
        {
            AttemptSpan.Answered(span, StatusCodes.Status200OK, HttpVersion.Version11);
            span.Dispose();
        }

        if (isHeard)
        {
            Layer7Telemetry.RecordRequest(_request, StatusCodes.Status200OK, TimeSpan.FromMilliseconds(1));
        }

        return length;
    }

    /// <summary>A connection on Layer 4: its span with its events, and the figure of its end.</summary>
    [Benchmark]
    public bool Connection()
    {
        Activity.Current = null;
        using var span = Layer4Telemetry.Start(ConnectionName);
        var recorded = Layer4Telemetry.Recorded(span);
        Layer4Telemetry.Attempted(recorded, "echo", attempt: 1);
        Layer4Telemetry.Connected(recorded, _attempt.Backend);
        Layer4Telemetry.FirstByte(recorded);
        Layer4Telemetry.RecordClosed("echo", CloseReason.Completed);
        return recorded is not null;
    }
}
