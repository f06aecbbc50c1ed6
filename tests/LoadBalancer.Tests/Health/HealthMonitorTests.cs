using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Health;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoadBalancer.Tests.Health;

public sealed class HealthMonitorTests : IAsyncDisposable
{
    private static readonly HealthCheckOptions Options = new() { Interval = TimeSpan.FromMilliseconds(1), Timeout = TimeSpan.FromMinutes(1), Rise = 2, Fall = 3 };

    private readonly BackendPool _pool = new("p", "http://p", new() { PanicThreshold = 100 }, NullLogger.Instance);
    private readonly ScriptedProbe _probe = new();
    private HealthMonitor? _monitor;

    public async ValueTask DisposeAsync()
    {
        if (_monitor is not null)
        {
            await _monitor.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_newcomer_needs_one_pass()
    {
        var backend = await StartAsync();
        Assert.Equal(BackendState.Checking, backend.State);

        await _probe.EndsAsync(backend, null);

        Assert.Equal(BackendState.Healthy, backend.State);
        Assert.Equal(1, _pool.Snapshot.Available.Length);
    }

    [Fact]
    public async Task A_newcomer_that_fails_is_unhealthy_at_once_and_still_needs_one_pass()
    {
        var backend = await StartAsync();

        await _probe.EndsAsync(backend, "not yet");
        Assert.Equal((BackendState.Unhealthy, "not yet"), (backend.State, backend.LastError));

        await _probe.EndsAsync(backend, null);
        Assert.Equal(BackendState.Healthy, backend.State);
        Assert.Null(backend.LastError);
    }

    [Fact]
    public async Task A_healthy_backend_falls_after_as_many_failures_as_configured()
    {
        var backend = await HealthyAsync();

        await _probe.EndsAsync(backend, "1");
        await _probe.EndsAsync(backend, "2");
        Assert.Equal((BackendState.Healthy, "2"), (backend.State, backend.LastError));

        await _probe.EndsAsync(backend, "3");
        Assert.Equal((BackendState.Unhealthy, "3"), (backend.State, backend.LastError));
        Assert.Equal(0, _pool.Snapshot.Available.Length);
    }

    [Fact]
    public async Task A_pass_between_failures_starts_the_count_again()
    {
        var backend = await HealthyAsync();

        foreach (var verdict in new[] { "1", "2", null, "1", "2", null })
        {
            await _probe.EndsAsync(backend, verdict);
            Assert.Equal(BackendState.Healthy, backend.State);
        }
    }

    [Fact]
    public async Task A_fallen_backend_rises_after_as_many_passes_as_configured()
    {
        var backend = await HealthyAsync();
        foreach (var failure in new[] { "1", "2", "3" })
        {
            await _probe.EndsAsync(backend, failure);
        }

        await _probe.EndsAsync(backend, null);
        Assert.Equal(BackendState.Unhealthy, backend.State);
        await _probe.EndsAsync(backend, "again");
        await _probe.EndsAsync(backend, null);
        Assert.Equal(BackendState.Unhealthy, backend.State);

        await _probe.EndsAsync(backend, null);
        Assert.Equal(BackendState.Healthy, backend.State);
    }

    [Fact]
    public async Task A_healthy_backend_keeps_its_count_of_failures_when_a_new_monitor_takes_over()
    {
        // A reload that changes the checks starts a new monitor; one failed check must not throw a healthy backend out.
        _pool.SetMembers(Some.Addresses(0));
        var backend = _pool.Snapshot.Members[0];
        _pool.SetHealth(backend, healthy: true, "");
        await StartAsync();

        await _probe.EndsAsync(backend, "1");
        await _probe.EndsAsync(backend, "2");
        Assert.Equal(BackendState.Healthy, backend.State);
        await _probe.EndsAsync(backend, "3");
        Assert.Equal(BackendState.Unhealthy, backend.State);
    }

    [Fact]
    public async Task A_probe_that_throws_has_failed_and_the_checks_go_on()
    {
        var backend = await HealthyAsync();

        for (var i = 0; i < 3; i++)
        {
            await _probe.ThrowsAsync(backend, new InvalidOperationException("broken probe"));
        }

        Assert.Equal((BackendState.Unhealthy, "broken probe"), (backend.State, backend.LastError));
        await _probe.EndsAsync(backend, null);
        await _probe.EndsAsync(backend, null);
        Assert.Equal(BackendState.Healthy, backend.State);
    }

    [Fact]
    public async Task A_check_without_an_answer_fails_when_its_time_is_over()
    {
        var backend = await StartAsync(Options with { Timeout = TimeSpan.FromMilliseconds(30) });

        // The script gives no verdict: only the time-out can end this check and begin the next.
        await _probe.BegunAsync(backend);

        Assert.Equal((BackendState.Unhealthy, "no answer within 30 ms"), (backend.State, backend.LastError));
    }

    [Fact]
    public async Task A_backend_that_joins_is_checked_and_one_that_leaves_is_not()
    {
        var stays = await HealthyAsync();
        _pool.SetMembers(Some.Addresses(0, 1));
        var leaves = _pool.Snapshot.Members[1];
        await _probe.BegunAsync(leaves);
        await _probe.EndsAsync(leaves, null);
        Assert.Equal(BackendState.Healthy, leaves.State);

        _pool.SetMembers(Some.Addresses(0));

        // Its check was under way and is cancelled; the other goes on being checked, and it does not.
        var checks = _probe.Checks[leaves];
        for (var i = 0; i < 20; i++)
        {
            await _probe.EndsAsync(stays, null);
        }

        Assert.Equal(checks, _probe.Checks[leaves]);
        Assert.Equal(BackendState.Draining, leaves.State);
    }

    [Fact]
    public async Task A_backend_that_drains_is_not_checked_and_one_that_returns_is_a_newcomer()
    {
        var backend = await HealthyAsync();
        _pool.TryAcquire(backend);
        _pool.SetMembers([]);
        Assert.Equal(BackendState.Draining, backend.State);

        _pool.SetMembers(Some.Addresses(0));
        Assert.Equal(BackendState.Checking, backend.State);
        await _probe.BegunAsync(backend);
        await _probe.EndsAsync(backend, null);

        Assert.Equal(BackendState.Healthy, backend.State);
    }

    [Fact]
    public async Task A_backend_that_was_drained_by_command_goes_on_being_checked()
    {
        var backend = await HealthyAsync();
        _pool.Drain(backend);

        foreach (var failure in new[] { "1", "2", "3" })
        {
            await _probe.EndsAsync(backend, failure);
        }

        Assert.Equal((BackendState.Draining, "3"), (backend.State, backend.LastError));
        _pool.Resume(backend);
        Assert.Equal(BackendState.Unhealthy, backend.State);
        await _probe.EndsAsync(backend, null);
        await _probe.EndsAsync(backend, null);
        Assert.Equal(BackendState.Healthy, backend.State);
    }

    [Fact]
    public async Task A_disposed_monitor_checks_no_more_and_disposes_its_probe()
    {
        var backend = await HealthyAsync();

        await _monitor!.DisposeAsync();
        var checks = _probe.Checks[backend];
        _pool.SetMembers(Some.Addresses(0, 1));

        Assert.True(_probe.IsDisposed);
        Assert.Equal(checks, _probe.Checks[backend]);
        Assert.DoesNotContain(_pool.Snapshot.Members[1], _probe.Checks.Keys);
    }

    [Fact]
    public async Task Pauses_grow_from_a_tenth_of_a_second_to_the_interval_until_a_newcomer_passed()
    {
        var clock = new PauseRecorder(timeout: TimeSpan.FromMinutes(1));
        var backend = await StartAsync(Options with { Interval = TimeSpan.FromSeconds(1) }, clock);

        foreach (var _ in Enumerable.Range(0, 5))
        {
            await _probe.EndsAsync(backend, "starting");
        }

        await _probe.EndsAsync(backend, null);
        await _probe.EndsAsync(backend, null);

        Assert.Equal([100, 200, 400, 800, 1000, 1000, 1000], clock.Pauses.Select(pause => (int)pause.TotalMilliseconds));
    }

    [Fact]
    public void Without_checks_there_is_no_monitor() =>
        Assert.Null(HealthMonitor.Start(_pool, new() { Type = HealthCheckType.None }, TimeProvider.System));

    private async Task<Backend> StartAsync(HealthCheckOptions? options = null, TimeProvider? time = null)
    {
        if (_pool.Snapshot.Members.IsEmpty)
        {
            _pool.SetMembers(Some.Addresses(0));
        }

        _monitor = HealthMonitor.Start(_pool, options ?? Options, _probe, time ?? TimeProvider.System);
        var backend = _pool.Snapshot.Members[0];
        await _probe.BegunAsync(backend);
        return backend;
    }

    private async Task<Backend> HealthyAsync()
    {
        var backend = await StartAsync();
        await _probe.EndsAsync(backend, null);
        Assert.Equal(BackendState.Healthy, backend.State);
        return backend;
    }
}
