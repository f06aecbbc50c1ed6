using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Diagnostics;
using LoadBalancer.Tests.Diagnostics;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Discovery;

[Collection(MeterCollection.Name)]
public sealed class BackendPoolsTests : IAsyncDisposable
{
    // Health checks by the real clock.
    private readonly DiscoveringPools _discovering = new(TimeProvider.System);

    public ValueTask DisposeAsync() => _discovering.DisposeAsync();

    [Fact]
    public async Task A_pool_is_found_by_its_name_in_any_case()
    {
        var pool = await _discovering.StartAsync("Catalog");

        Assert.Same(pool, _discovering.Pools.Find("CATALOG"));
        Assert.Null(_discovering.Pools.Find("other"));
        Assert.Equal([pool], _discovering.Pools.All);
    }

    [Fact]
    public async Task A_pool_that_stays_keeps_its_backends_and_counters()
    {
        _discovering.Configuration.Set("catalog", "http", "http://127.0.0.1:5001");
        var pool = await _discovering.StartAsync("catalog");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001");
        var backend = pool.Pick(pool.Policy, 0)!;

        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("CATALOG", new()
        {
            Policy = SelectionPolicy.LeastConnections,
            Service = "http://catalog",
            HealthCheck = Some.WithoutChecks.HealthCheck,
            Backends = { ["catalog-1"] = new() { Address = "127.0.0.1:5001", Weight = 9 } },
        }));

        Assert.Same(pool, _discovering.Pools.Find("catalog"));
        Assert.Equal([backend], pool.Snapshot.Members);
        Assert.Equal(("catalog-1", 9, 1, 1L), (backend.Name, backend.Weight, backend.Active, backend.Picks));
        Assert.Equal(SelectionPolicy.LeastConnections, pool.Policy.Kind);
    }

    [Fact]
    public async Task A_pool_whose_service_changes_is_another_pool()
    {
        _discovering.Configuration.Replace(new() { ["Services:one:http:0"] = "http://127.0.0.1:1", ["Services:two:http:0"] = "http://127.0.0.1:2" });
        var before = await _discovering.StartAsync("catalog", "http://one");
        await DiscoveringPools.HasAsync(before, "127.0.0.1:1");

        var after = await _discovering.StartAsync("catalog", "http://two");

        Assert.NotSame(before, after);
        await DiscoveringPools.HasAsync(after, "127.0.0.1:2");
        Assert.Equal("http://two", after.Service);
    }

    [Fact]
    public async Task A_pool_that_is_no_longer_configured_is_gone_and_the_others_stay()
    {
        await _discovering.Pools.ApplyAsync(new() { Pools = { ["a"] = Some.WithoutChecks, ["b"] = Some.WithoutChecks } });
        var stays = _discovering.Pools.Find("b");

        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("b"));

        Assert.Null(_discovering.Pools.Find("a"));
        Assert.Same(stays, _discovering.Pools.Find("b"));
    }

    [Fact]
    public async Task Changes_of_pools_are_announced_and_those_of_pools_that_went_are_not()
    {
        _discovering.Configuration.Set("a", "http", "http://127.0.0.1:1");
        var changes = 0;
        _discovering.Pools.Changed += () => Interlocked.Increment(ref changes);
        var pool = await _discovering.StartAsync("a");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:1");
        // Once for the new pool and once for its backend.
        await Eventually.TrueAsync(() => Volatile.Read(ref changes) == 2);

        await _discovering.Pools.ApplyAsync(new());
        Assert.Equal(3, Volatile.Read(ref changes));
        pool.SetMembers([]);
        Assert.Equal(3, Volatile.Read(ref changes));
    }

    [Fact]
    public async Task A_service_that_speaks_UDP_is_not_checked_by_TCP()
    {
        // Port 1: nobody accepts a TCP connection there.
        _discovering.Configuration.Set("dns", "udp", "udp://127.0.0.1:1");
        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("dns", new() { Service = "udp://dns", HealthCheck = Quick }));

        await Eventually.TrueAsync(() => _discovering.Pools.Find("dns")!.Snapshot.Members is [{ State: BackendState.Healthy }]);
    }

    [Fact]
    public async Task Health_checks_are_real_and_end_with_their_pool()
    {
        await using var first = new HttpResponder();
        await using var second = new HttpResponder();
        _discovering.Configuration.Set("checked", "http", $"http://{first.Authority}");
        var http = Quick with { Type = HealthCheckType.Http, Path = "/health" };
        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("checked", new() { HealthCheck = http }));
        var pool = _discovering.Pools.Find("checked")!;
        await Eventually.TrueAsync(() => pool.Snapshot.Available.Length == 1);

        first.Status = 503;
        await Eventually.TrueAsync(() => pool.Snapshot.Members[0].State == BackendState.Unhealthy);
        Assert.Equal("GET /health answered 503", pool.Snapshot.Members[0].LastError);

        first.Status = 200;
        await Eventually.TrueAsync(() => pool.Snapshot.Members[0].State == BackendState.Healthy);

        _discovering.Configuration.Set("other", "http", $"http://{second.Authority}");
        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("other", new() { HealthCheck = http }));
        var checks = first.Requests;
        await Eventually.TrueAsync(() => second.Requests >= 10);

        // One may have been on its way.
        Assert.InRange(first.Requests, checks, checks + 1);
    }

    [Fact]
    public async Task Changed_health_checks_take_over_and_leave_what_is_healthy_healthy()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _discovering.Configuration.Set("checked", "http", $"http://{listener.LocalEndpoint}");
        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("checked", new() { HealthCheck = Quick }));
        var pool = _discovering.Pools.Find("checked")!;
        await Eventually.TrueAsync(() => pool.Snapshot.Available.Length == 1);
        var states = new ConcurrentQueue<BackendState>();
        pool.Changed += changed => states.Enqueue(changed.Snapshot.Members[0].State);

        await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("checked", new() { HealthCheck = Quick with { Rise = 7 } }));
        Assert.Same(pool, _discovering.Pools.Find("checked"));
        Assert.Equal([BackendState.Healthy], states);

        listener.Stop();
        await Eventually.TrueAsync(() => pool.Snapshot.Members[0].State == BackendState.Unhealthy);
    }

    [Fact]
    public async Task Checks_that_are_turned_off_make_what_was_unhealthy_healthy_for_good()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _discovering.Configuration.Set("checked", "http", $"http://{bound.LocalEndPoint}");
        for (var i = 0; i < 20; i++)
        {
            await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("checked", new() { HealthCheck = Quick with { Interval = TimeSpan.FromTicks(1) } }));
            var pool = _discovering.Pools.Find("checked")!;
            await Eventually.TrueAsync(() => pool.Snapshot.Members is [{ State: BackendState.Unhealthy }]);

            await _discovering.Pools.ApplyAsync(DiscoveringPools.OptionsOf("checked"));

            Assert.Equal(BackendState.Healthy, pool.Snapshot.Members[0].State);
        }
    }

    [Fact]
    public async Task Backends_and_those_that_wait_are_measured_by_pool()
    {
        _discovering.Configuration.Set("measured", "http", "http://127.0.0.1:5001", "http://127.0.0.1:5002", "http://127.0.0.1:5003");
        var pool = await _discovering.StartAsync("measured");
        await DiscoveringPools.HasAsync(pool, "127.0.0.1:5001", "127.0.0.1:5002", "127.0.0.1:5003");
        pool.SetHealth(pool.Snapshot.Members[0], healthy: false, "");
        var measured = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, self) =>
            {
                if (instrument.Meter.Name == LoadBalancerTelemetry.Name && instrument.Name is "lb.backend.count" or "lb.backend.up" or "lb.backend.active" or "lb.queue.length")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, count, tags, _) => measured.Add($"{instrument.Name} {count} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}"));
        listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) => measured.Add($"{instrument.Name} {count} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}"));
        listener.Start();
        Assert.NotNull(pool.Pick(pool.Policy, 0));

        listener.RecordObservableInstruments();

        Assert.Equal(
            [
                "lb.backend.active 0 lb.pool=measured lb.backend.replica=127.0.0.1:5001",
                "lb.backend.active 0 lb.pool=measured lb.backend.replica=127.0.0.1:5003",
                "lb.backend.active 1 lb.pool=measured lb.backend.replica=127.0.0.1:5002",
                "lb.backend.count 0 lb.pool=measured lb.state=Checking",
                "lb.backend.count 0 lb.pool=measured lb.state=Draining",
                "lb.backend.count 0 lb.pool=measured lb.state=Ejected",
                "lb.backend.count 0 lb.pool=measured lb.state=SlowStart",
                "lb.backend.count 1 lb.pool=measured lb.state=Unhealthy",
                "lb.backend.count 2 lb.pool=measured lb.state=Healthy",
                "lb.backend.up 0 lb.pool=measured lb.backend.replica=127.0.0.1:5001",
                "lb.backend.up 1 lb.pool=measured lb.backend.replica=127.0.0.1:5002",
                "lb.backend.up 1 lb.pool=measured lb.backend.replica=127.0.0.1:5003",
                "lb.queue.length 0 lb.pool=measured",
            ],
            measured.Where(line => line.Contains("lb.pool=measured", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private static HealthCheckOptions Quick => new() { Interval = TimeSpan.FromMilliseconds(10), Timeout = TimeSpan.FromSeconds(5), Rise = 2, Fall = 2 };
}
