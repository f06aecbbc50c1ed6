using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_connection_is_one_span_with_what_became_of_it()
    {
        using var spans = new SpanRecorder("traced");
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { Policy = SelectionPolicy.LeastConnections }, "traced");
        await balancer.ApplyAsync(options => options.Pools["backends"] = options.Pools["backends"] with
        {
            Backends = new() { ["echo-1"] = new() { Address = backend.Address.ToString() } },
        });
        using var client = await balancer.ConnectAsync();
        await client.SendTextAsync("12345");
        client.Finish();
        Assert.Equal("12345", await client.ReceiveTextToEndAsync());

        var span = await spans.SingleAsync();

        Assert.Equal((ActivityKind.Server, ActivityStatusCode.Unset), (span.Kind, span.Status));
        Assert.Null(span.Parent);
        Assert.Equal(default, span.ParentSpanId);
        var local = (IPEndPoint)client.LocalEndPoint!;
        Assert.Equal(
            new Dictionary<string, object?>
            {
                ["network.transport"] = "tcp",
                ["network.type"] = "ipv4",
                ["network.peer.address"] = "127.0.0.1",
                ["network.peer.port"] = local.Port,
                ["client.address"] = "127.0.0.1",
                ["client.port"] = local.Port,
                ["server.address"] = "127.0.0.1",
                ["server.port"] = balancer.Address.Port,
                ["lb.listener"] = "traced",
                ["lb.pool"] = "backends",
                ["lb.policy"] = "LeastConnections",
                ["lb.backend"] = backend.Address.ToString(),
                ["lb.backend.replica"] = "echo-1",
                ["lb.attempt"] = 1,
                ["lb.retries"] = 0,
                ["lb.bytes.to_backend"] = 5L,
                ["lb.bytes.to_client"] = 5L,
                ["lb.reason"] = "Completed",
            },
            span.TagObjects.ToDictionary());
        Assert.Equal(["connected", "first byte"], span.Events.Select(happened => happened.Name));
        Assert.InRange(span.Duration, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_backend_that_was_tried_in_vain_is_an_event_of_the_span()
    {
        using var spans = new SpanRecorder("tried");
        using var refusing = DeadEnd.Refusing();
        await using var good = TestBackend.Named("good");
        await using var balancer = await TestBalancer.StartAsync([refusing.Address, good.Address], name: "tried");

        Assert.Equal("good", await AskAndFinishAsync(balancer));

        var span = await spans.SingleAsync();
        Assert.Equal((2, 1, good.Address.ToString(), "Completed"), (span.GetTagItem("lb.attempt"), span.GetTagItem("lb.retries"), span.GetTagItem("lb.backend"), span.GetTagItem("lb.reason")));
        Assert.Equal(["connect failed", "connected", "first byte"], span.Events.Select(happened => happened.Name));
        Assert.Equal(
            new Dictionary<string, object?> { ["lb.backend.replica"] = refusing.Address.ToString(), ["lb.reason"] = "ConnectionRefused" },
            span.Events.First().Tags.ToDictionary());
    }

    [Fact]
    public async Task A_connection_that_ends_badly_is_an_error_with_its_reason()
    {
        using var spans = new SpanRecorder("broken");
        await using var backend = TestBackend.ByHand();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], name: "broken");
        using var client = await balancer.ConnectAsync();

        var server = await backend.AcceptAsync();
        await server.SendTextAsync("x");
        await client.ReceivesAsync("x");
        server.Reset();
        await client.IsResetAsync();

        var span = await spans.SingleAsync();
        Assert.Equal((ActivityStatusCode.Error, "BackendReset"), (span.Status, span.StatusDescription));
        Assert.Equal(("BackendReset", "BackendReset"), (span.GetTagItem("lb.reason"), span.GetTagItem("error.type")));
    }

    [Theory]
    [InlineData(false, "NoBackend")]
    [InlineData(true, "ConnectFailed")]
    public async Task A_connection_that_is_refused_is_a_span_too(bool hasBackend, string reason)
    {
        using var spans = new SpanRecorder($"refused-{reason}");
        using var refusing = DeadEnd.Refusing();
        await using var balancer = await TestBalancer.StartAsync(hasBackend ? [refusing.Address] : [], name: $"refused-{reason}");

        await SocketExtensions.IsResetAsync(balancer.Address);

        var span = await spans.SingleAsync();
        Assert.Equal((ActivityStatusCode.Error, reason, null), (span.Status, span.GetTagItem("lb.reason"), span.GetTagItem("lb.backend")));
    }

    [Fact]
    public async Task A_connection_is_no_part_of_the_trace_in_which_its_listener_was_opened()
    {
        using var spans = new SpanRecorder("opened");
        await using var backend = TestBackend.Named("one");
        using var source = new ActivitySource("a reload");
        using var listener = new ActivityListener { ShouldListenTo = heard => heard == source, Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded };
        ActivitySource.AddActivityListener(listener);
        using var reload = source.StartActivity("reload");
        Assert.NotNull(reload);
        await using var balancer = await TestBalancer.StartAsync([backend.Address], name: "opened");

        await AskAndFinishAsync(balancer);

        var span = await spans.SingleAsync();
        Assert.Equal(default, span.ParentSpanId);
        Assert.NotEqual(reload.TraceId, span.TraceId);
    }

    [Fact]
    public async Task Spans_of_connections_that_are_reset_at_the_end_have_ended_when_the_balancer_has()
    {
        using var spans = new SpanRecorder("ended");
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], name: "ended");
        var clients = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            var client = await balancer.ConnectAsync();
            await client.SendTextAsync("x");
            await client.ReceivesAsync("x");
            return client;
        }));

        await balancer.Balancer.StopAsync(TimeSpan.Zero);

        Assert.Equal(Enumerable.Repeat("Shutdown", 50), spans.All.Select(span => span.GetTagItem("lb.reason")));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task Connections_and_bytes_are_measured_by_listener()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], name: "measured");
        using var meter = new MeasurementRecorder("measured");
        using var open = await balancer.ConnectAsync();
        await open.SendTextAsync("123");
        await open.ReceivesAsync("123");

        await Eventually.TrueAsync(() => meter.Observe().SetEquals(["lb.connections 1", "lb.connection.active 1", "lb.queue.length 0", "lb.io 3 transmit", "lb.io 3 receive"]));

        open.Finish();
        Assert.Equal("", await open.ReceiveTextToEndAsync());
        await Eventually.TrueAsync(() => meter.Counted.SequenceEqual(["lb.connection.closed 1 Completed"]));
        Assert.True(meter.Observe().SetEquals(["lb.connections 1", "lb.connection.active 0", "lb.queue.length 0", "lb.io 3 transmit", "lb.io 3 receive"]));
    }

    [Fact]
    public async Task The_server_name_of_a_hello_is_in_the_span()
    {
        using var spans = new SpanRecorder("named");
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { TlsRoutes = new() { ["all"] = new() { Pool = "backends" } } }, "named");
        using var client = await balancer.ConnectAsync();
        await client.SendFullyAsync(Tls.Hello.Named("App.Example.com").ToRecord());
        client.Finish();
        await client.ReceiveToEndAsync();

        var span = await spans.SingleAsync();

        Assert.Equal(("app.example.com", "Completed", "backends"), (span.GetTagItem("tls.client.server_name"), span.GetTagItem("lb.reason"), span.GetTagItem("lb.pool")));
    }

    [Fact]
    public async Task Every_end_and_every_refusal_is_counted_by_its_reason()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync(
            [backend.Address], new() { MaxConnections = 1, QueueLength = 0, DeniedNetworks = ["127.0.7.0/24"] }, "reasons");
        using var meter = new MeasurementRecorder("reasons");
        var open = await balancer.ConnectAsync();
        await open.SendTextAsync("x");
        await open.ReceivesAsync("x");

        await SocketExtensions.IsResetAsync(balancer.Address);
        await Eventually.TrueAsync(() => meter.Observe().Contains("lb.connection.refused 1 AtCapacity"));
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => balancer.AskAsync(IPAddress.Parse("127.0.7.1")));
        await Eventually.TrueAsync(() => meter.Observe().Contains("lb.connection.refused 1 Denied"));
        balancer.Balancer.TryClose(balancer.Connections[0].Id);

        await Eventually.TrueAsync(() => meter.Counted.SequenceEqual(["lb.connection.closed 1 Command"]));
        Assert.Superset(new HashSet<string> { "lb.connections 3", "lb.connection.refused 1 AtCapacity", "lb.connection.refused 1 Denied" }, meter.Observe());
        open.Dispose();
    }

    [Fact]
    public async Task Those_that_wait_are_measured_at_the_listener()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], new() { MaxConnections = 1, QueueTimeout = TimeSpan.FromMinutes(1) }, "waiting");
        using var meter = new MeasurementRecorder("waiting");
        using var open = await balancer.ConnectAsync();
        using var second = await balancer.ConnectAsync();
        using var third = await balancer.ConnectAsync();

        await Eventually.TrueAsync(() => meter.Observe() is var seen && seen.Contains("lb.connection.active 1") && seen.Contains("lb.queue.length 2"));
    }

    [Fact]
    public async Task Bytes_and_connections_of_a_listener_that_went_and_came_back_count_on()
    {
        await using var backend = TestBackend.Echo();
        await using var balancer = await TestBalancer.StartAsync([backend.Address], name: "returns");
        using var meter = new MeasurementRecorder("returns");
        using var open = await balancer.ConnectAsync();
        await open.SendTextAsync("123");
        await open.ReceivesAsync("123");

        await balancer.ApplyAsync(options => options.Layer4.Listeners.Clear());
        await open.SendTextAsync("45");
        await open.ReceivesAsync("45");
        await Eventually.TrueAsync(() => meter.Observe().SetEquals(["lb.connections 1", "lb.connection.active 1", "lb.connection.draining 1", "lb.queue.length 0", "lb.io 5 transmit", "lb.io 5 receive"]));
        open.Finish();
        Assert.Equal("", await open.ReceiveTextToEndAsync());
        await Eventually.TrueAsync(() => meter.Observe().SetEquals(["lb.connections 1", "lb.io 5 transmit", "lb.io 5 receive"]));

        await balancer.ApplyAsync(options => options.Layer4.Listeners["returns"] = new() { Address = "127.0.0.1:0", Pool = "backends" });
        using var next = await balancer.ConnectAsync();
        await next.SendTextAsync("6");
        await next.ReceivesAsync("6");
        await Eventually.TrueAsync(() => meter.Observe().SetEquals(["lb.connections 2", "lb.connection.active 1", "lb.queue.length 0", "lb.io 6 transmit", "lb.io 6 receive"]));
    }

    private static async Task<string> AskAndFinishAsync(TestBalancer balancer)
    {
        using var client = await balancer.ConnectAsync();
        client.Finish();
        return await client.ReceiveTextToEndAsync();
    }

    /// <summary>Keeps the spans of one listener, whose name no other test has.</summary>
    private sealed class SpanRecorder : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _spans = new();
        private readonly ActivityListener _listener;

        public SpanRecorder(string name)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = static source => source.Name == LoadBalancerTelemetry.Name,
                Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = activity =>
                {
                    if (activity.DisplayName == $"{name} connection")
                    {
                        _spans.Enqueue(activity);
                    }
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IReadOnlyCollection<Activity> All => _spans;

        public async Task<Activity> SingleAsync()
        {
            await Eventually.TrueAsync(() => !_spans.IsEmpty);
            return Assert.Single(_spans);
        }

        public void Dispose() => _listener.Dispose();
    }

    /// <summary>Keeps the measurements of one listener, whose name no other test has.</summary>
    private sealed class MeasurementRecorder : IDisposable
    {
        private readonly ConcurrentQueue<string> _counted = new();
        private readonly ConcurrentQueue<string> _observed = new();
        private readonly MeterListener _listener = new();

        public MeasurementRecorder(string name)
        {
            _listener.InstrumentPublished = static (instrument, self) =>
            {
                if (instrument.Meter.Name == LoadBalancerTelemetry.Name)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                var known = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value?.ToString());
                if (known.GetValueOrDefault("lb.listener") == name)
                {
                    var detail = known.GetValueOrDefault("lb.reason") ?? known.GetValueOrDefault("network.io.direction");
                    (instrument.IsObservable ? _observed : _counted).Enqueue($"{instrument.Name} {value} {detail}".TrimEnd());
                }
            });
            _listener.Start();
        }

        public IReadOnlyCollection<string> Counted => _counted;

        public HashSet<string> Observe()
        {
            _observed.Clear();
            _listener.RecordObservableInstruments();
            return [.. _observed];
        }

        public void Dispose() => _listener.Dispose();
    }
}
