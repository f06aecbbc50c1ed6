using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Diagnostics;

namespace LoadBalancer.Layer7.Tests.Telemetry;

/// <summary>Names of routes, pools and listeners are each test's own: there is one meter for all.</summary>
public sealed class MetricTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_are_counted_and_timed_by_route_pool_and_class_of_the_status()
    {
        using var meter = new Measurements("counted-route");
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("counted-route", new() { Path = "/{**rest}" })), backend);
        using var client = balancer.CreateClient();

        foreach (var path in new[] { "/", "/missing", "/" })
        {
            (await client.GetAsync(path, Cancelled)).Dispose();
        }

        await TestBalancer.WaitUntilAsync(() => meter.Sum("lb.requests") == 3);
        Assert.Equal(2, meter.Sum("lb.requests", "lb.route=counted-route lb.pool=web lb.status_class=2xx"));
        Assert.Equal(1, meter.Sum("lb.requests", "lb.route=counted-route lb.pool=web lb.status_class=4xx"));
        var times = meter.Of("lb.request.duration");
        Assert.Equal((3, "s"), (times.Length, times[0].Unit));
        Assert.All(times, time => Assert.InRange(time.Value, double.Epsilon, 20));
    }

    [Fact]
    public async Task Errors_of_the_balancer_itself_are_counted_by_reason()
    {
        using var meter = new Measurements("refusing-route");
        var options = TestBalancer.Options(("refusing-route", new() { RateLimit = new() { Requests = 1, Window = TimeSpan.FromHours(1) } }));
        options.Pools["web"].PanicThreshold = 100;
        await using var balancer = await TestBalancer.StartAsync(options);
        using var client = balancer.CreateClient();

        (await client.GetAsync("/", Cancelled)).Dispose();
        (await client.GetAsync("/", Cancelled)).Dispose();

        await TestBalancer.WaitUntilAsync(() => meter.Sum("lb.requests") == 2);
        Assert.Equal(1, meter.Sum("lb.request.refused", "lb.route=refusing-route lb.reason=NoBackend"));
        Assert.Equal(1, meter.Sum("lb.request.refused", "lb.route=refusing-route lb.reason=RateLimited"));
        Assert.Equal(1, meter.Sum("lb.requests", "lb.route=refusing-route lb.pool=web lb.status_class=4xx"));
        Assert.Equal(1, meter.Sum("lb.requests", "lb.route=refusing-route lb.pool=web lb.status_class=5xx"));
    }

    [Fact]
    public async Task What_the_cache_answers_is_counted_with_its_bytes()
    {
        using var meter = new Measurements("cached-route");
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await TestBalancer.StartAsync(TestBalancer.Options(("cached-route", new() { Cache = new() { Duration = TimeSpan.FromMinutes(1) } })), backend);
        using var client = balancer.CreateClient();

        var length = (await client.GetByteArrayAsync("/", Cancelled)).Length;
        await client.GetByteArrayAsync("/", Cancelled);

        await TestBalancer.WaitUntilAsync(() => meter.Sum("lb.requests") == 2);
        Assert.Equal(1, meter.Sum("lb.cache.requests", "lb.route=cached-route lb.cache=miss"));
        Assert.Equal(1, meter.Sum("lb.cache.requests", "lb.route=cached-route lb.cache=hit"));
        Assert.Equal(length, meter.Sum("lb.cache.io"));
        Assert.Equal("By", meter.Of("lb.cache.io")[0].Unit);
    }

    [Fact]
    public async Task Connections_and_bytes_are_measured_by_listener()
    {
        using var meter = new Measurements("measured-listener");
        await using var backend = await TestBackend.StartAsync("a");
        var options = TestBalancer.Options(("all", new() { Path = "/{**rest}" }));
        options.Layer7.Listeners.Remove("http", out var listener);
        options.Layer7.Listeners["measured-listener"] = listener!;
        options.Layer7.Limits.MaxConnections = 1;
        await using var balancer = await TestBalancer.StartAsync(options, backend);
        using (var client = new HttpClient { BaseAddress = balancer.UriOf("measured-listener") })
        {
            using var response = await client.PostAsync("/length", new ByteArrayContent(new byte[1000]), Cancelled);
            var received = (await response.Content.ReadAsByteArrayAsync(Cancelled)).Length;
            using var second = new HttpClient { BaseAddress = client.BaseAddress };
            await Assert.ThrowsAsync<HttpRequestException>(() => second.GetAsync("/", Cancelled));

            await TestBalancer.WaitUntilAsync(() => meter.Observe("lb.io", "network.io.direction=receive") == received);
            Assert.Equal(1000, meter.Observe("lb.io", "network.io.direction=transmit"));
            // A client knows that it was refused before that is counted.
            await TestBalancer.WaitUntilAsync(() => meter.Observe("lb.connection.active") == 1);
            // HttpClient may try more than once.
            Assert.Equal(meter.Observe("lb.connections") - 1, meter.Observe("lb.connection.refused", "lb.reason=AtCapacity"));
        }

        await TestBalancer.WaitUntilAsync(() => meter.Observe("lb.connection.active") == 0);
    }

    [Fact]
    public async Task Waits_are_timed_by_the_route_or_the_pool_whose_limit_it_is()
    {
        using var byRoute = new Measurements("waiting-route");
        using var byPool = new Measurements("waiting-pool");
        var release = new TaskCompletionSource();
        await using var backend = await TestBackend.StartAsync("a", answer: _ => release.Task);
        var options = TestBalancer.Options(
            ("waiting-route", new() { Path = "/route", Pool = "web", Concurrency = new() { Requests = 1, QueueLength = 1 } }),
            ("full-pool", new() { Path = "/pool", Pool = "waiting-pool" }));
        options.Pools["waiting-pool"] = new() { MaxConnections = 1, HealthCheck = new() { Type = HealthCheckType.None } };
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        await using var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]> { ["web"] = [backend], ["waiting-pool"] = [backend] });
        using var client = balancer.CreateClient(handler => handler.MaxConnectionsPerServer = 10);

        var requests = new[] { "/route", "/route", "/pool", "/pool" }.Select(path => client.GetAsync(path, Cancelled)).ToArray();
        await TestBalancer.WaitUntilAsync(() => byRoute.Observe("lb.queue.length") == 1 && byPool.Observe("lb.queue.length") == 1);
        release.SetResult();

        Assert.All(await Task.WhenAll(requests), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        foreach (var meter in new[] { byRoute, byPool })
        {
            var wait = Assert.Single(meter.Of("lb.queue.duration"));
            Assert.Equal("s", wait.Unit);
            Assert.InRange(wait.Value, double.Epsilon, 20);
            Assert.Equal(0, meter.Observe("lb.queue.length"));
        }
    }

    [Fact]
    public async Task Retries_failures_and_ejections_are_counted()
    {
        using var meter = new Measurements("retrying-route", "ejected-replica");
        await using var gone = await TestBackend.StartAsync("ejected-replica");
        await using var good = await TestBackend.StartAsync("good");
        var options = TestBalancer.Options(("retrying-route", new() { Policy = SelectionPolicy.First, Retry = new() { BackOff = TimeSpan.Zero } }));
        options.Pools["web"] = new() { HealthCheck = new() { Type = HealthCheckType.None }, OutlierEjection = new() { ConsecutiveFailures = 1, BaseTime = TimeSpan.FromMinutes(5) } };
        await using var balancer = await TestBalancer.StartAsync(options, gone, good);
        await gone.DisposeAsync();
        using var client = balancer.CreateClient();

        (await client.GetAsync("/", Cancelled)).Dispose();

        await TestBalancer.WaitUntilAsync(() => meter.Sum("lb.requests") == 1);
        Assert.Equal((1, 1, 1), (meter.Sum("lb.retries"), meter.Sum("lb.failures"), meter.Sum("lb.ejections", "lb.pool=web lb.backend.replica=ejected-replica")));
        Assert.Equal((0, 1), (meter.Observe("lb.backend.up", "lb.backend.replica=ejected-replica"), meter.Sum("lb.picks", "lb.backend.replica=ejected-replica")));
    }

    /// <summary>What is measured with an attribute that has one of the values.</summary>
    private sealed class Measurements : IDisposable
    {
        private readonly ConcurrentQueue<Measured> _counted = new();
        private readonly ConcurrentQueue<Measured> _observed = new();
        private readonly MeterListener _listener;

        public Measurements(params string[] values)
        {
            _listener = new()
            {
                InstrumentPublished = static (instrument, self) =>
                {
                    if (instrument.Meter.Name == LoadBalancerTelemetry.Name)
                    {
                        self.EnableMeasurementEvents(instrument);
                    }
                },
            };
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
            _listener.Start();

            void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            {
                var all = tags.ToArray();
                if (all.Any(tag => values.Contains(tag.Value)))
                {
                    (instrument.IsObservable ? _observed : _counted).Enqueue(
                        new(instrument.Name, instrument.Unit, string.Join(' ', all.Select(tag => $"{tag.Key}={tag.Value}")), value));
                }
            }
        }

        public Measured[] Of(string instrument) => [.. _counted.Where(measured => measured.Instrument == instrument)];

        public double Sum(string instrument, string? tags = null) => Of(instrument).Where(measured => tags is null || measured.Tags.Contains(tags, StringComparison.Ordinal)).Sum(measured => measured.Value);

        public double Observe(string instrument, string? tags = null)
        {
            _observed.Clear();
            _listener.RecordObservableInstruments();
            return _observed.Where(measured => measured.Instrument == instrument && (tags is null || measured.Tags.Contains(tags, StringComparison.Ordinal))).Sum(measured => measured.Value);
        }

        public void Dispose() => _listener.Dispose();
    }

    private sealed record Measured(string Instrument, string? Unit, string Tags, double Value);
}
