using LoadBalancer.Backends;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Backends;

/// <summary>Passive health.</summary>
public sealed class EjectionTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordingLogger<BackendPool> _logger = new();
    private readonly BackendPool _pool;
    private readonly Backend _backend;

    public EjectionTests()
    {
        _pool = Some.Pool(
            3,
            options => options with
            {
                OutlierEjection = new() { ConsecutiveFailures = 3, BaseTime = TimeSpan.FromSeconds(5), MaxTime = TimeSpan.FromSeconds(60) },
            },
            _time,
            _logger);
        _backend = _pool.Snapshot.Members[1];
    }

    [Fact]
    public void A_backend_that_left_and_comes_back_while_it_drains_is_not_judged_by_what_was_before()
    {
        _pool.TryAcquire(_backend);
        Fail(3);
        var members = _pool.Snapshot.Members.Select(backend => backend.EndPoint).ToArray();

        _pool.SetMembers(members.Where(address => address != _backend.EndPoint));
        _pool.SetMembers(members);
        Assert.Equal((BackendState.Healthy, 1), (_backend.State, _backend.Active));

        Fail(2);
        Assert.Equal(BackendState.Healthy, _backend.State);
        Fail(1);
        Assert.Equal(BackendState.Ejected, _backend.State);
        // The end of the ejection that is over does not end this one.
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(BackendState.Ejected, _backend.State);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(BackendState.Healthy, _backend.State);
    }

    [Fact]
    public void As_many_failures_in_a_row_as_configured_eject_a_backend_for_a_time()
    {
        Fail(2);
        Assert.Equal(BackendState.Healthy, _backend.State);

        Fail(1);
        Assert.Equal(BackendState.Ejected, _backend.State);
        Assert.DoesNotContain(_backend, _pool.Snapshot.Available.ToArray());
        Assert.Equal("3 failures in a row, the last: reset", _backend.Reason);
        var statistics = _pool.GetStatistics().Backends[1];
        Assert.Equal((1L, 3L, _time.GetUtcNow() + TimeSpan.FromSeconds(5)), (statistics.Ejections, statistics.Failures, statistics.EjectedUntil));
        Assert.Equal(["Pool catalog: backend 10.0.0.2:5000 Healthy -> Ejected for 5 s: 3 failures in a row, the last: reset"], _logger.Lines(104));

        _time.Advance(TimeSpan.FromSeconds(4.999));
        Assert.Equal(BackendState.Ejected, _backend.State);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.Equal(BackendState.Healthy, _backend.State);
        Assert.Null(_backend.EjectedUntil);
        Assert.Contains(_backend, _pool.Snapshot.Available.ToArray());
    }

    [Fact]
    public void A_success_in_between_starts_the_count_again()
    {
        for (var i = 0; i < 10; i++)
        {
            Fail(2);
            _backend.RecordSuccess();
        }

        Assert.Equal((BackendState.Healthy, 20L), (_backend.State, _backend.Failures));
    }

    [Fact]
    public void Each_ejection_is_twice_as_long_as_the_one_before_up_to_the_longest()
    {
        foreach (var seconds in new[] { 5, 10, 20, 40, 60, 60 })
        {
            Assert.Equal(seconds, EjectedFor());
        }
    }

    [Fact]
    public void One_that_was_not_ejected_for_the_longest_time_starts_from_the_beginning()
    {
        Assert.Equal(5, EjectedFor());
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(10, EjectedFor());
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(5, EjectedFor());
    }

    [Fact]
    public void Failures_while_it_is_ejected_count_but_eject_it_no_longer()
    {
        Fail(3);
        Fail(5);
        Assert.Equal(1, _backend.Ejections);

        // And they do not count towards the next ejection.
        _time.Advance(TimeSpan.FromSeconds(5));
        Fail(2);
        Assert.Equal((BackendState.Healthy, 10L), (_backend.State, _backend.Failures));
    }

    [Fact]
    public void One_that_is_resumed_is_back_at_once_and_the_timer_of_then_does_not_end_the_next_ejection()
    {
        Fail(3);
        _time.Advance(TimeSpan.FromSeconds(4));
        _pool.Resume(_backend);
        Assert.Equal(BackendState.Healthy, _backend.State);

        Fail(3);
        Assert.Equal(BackendState.Ejected, _backend.State);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(BackendState.Ejected, _backend.State);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(BackendState.Healthy, _backend.State);
    }

    [Fact]
    public void A_clock_that_is_set_back_does_not_make_an_ejection_last()
    {
        var time = new SetBackTime(_time);
        var pool = Some.Pool(3, options => options, time);
        var backend = pool.Snapshot.Members[0];
        pool.Eject(backend, "test");

        time.Offset = TimeSpan.FromHours(-2);
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(BackendState.Healthy, backend.State);
    }

    [Fact]
    public async Task An_ejection_ends_by_the_real_clock_too()
    {
        // A time with a fraction of a millisecond, which timers cut off: they may ring a moment early.
        var pool = Some.Pool(3, options => options with { OutlierEjection = new() { ConsecutiveFailures = 1, BaseTime = TimeSpan.FromMicroseconds(1_000_900) } });
        foreach (var backend in pool.Snapshot.Members)
        {
            pool.ReportFailure(backend, "reset");
            Assert.Equal(BackendState.Ejected, backend.State);
        }

        await Eventually.TrueAsync(() => pool.Snapshot.Members.All(backend => backend.State == BackendState.Healthy));
    }

    [Fact]
    public void Health_checks_and_ejection_must_both_agree()
    {
        Fail(3);
        _pool.SetHealth(_backend, healthy: false, "connect failed");
        Assert.Equal(BackendState.Unhealthy, _backend.State);

        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(BackendState.Unhealthy, _backend.State);
        _pool.SetHealth(_backend, healthy: true, "passed");
        Assert.Equal(BackendState.Healthy, _backend.State);

        _pool.SetHealth(_backend, healthy: false, "connect failed");
        Fail(3);
        _pool.SetHealth(_backend, healthy: true, "passed");
        Assert.Equal(BackendState.Ejected, _backend.State);
    }

    [Fact]
    public void Nobody_is_ejected_where_it_is_turned_off()
    {
        var pool = Some.Pool(2, options => options with { OutlierEjection = new() { ConsecutiveFailures = 0 } });
        for (var i = 0; i < 100; i++)
        {
            pool.ReportFailure(pool.Snapshot.Members[0], "reset");
        }

        Assert.Equal((BackendState.Healthy, 100L), (pool.Snapshot.Members[0].State, pool.Snapshot.Members[0].Failures));
    }

    [Fact]
    public async Task Failures_of_many_threads_eject_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Fail(50), TestContext.Current.CancellationToken)));

        Assert.Equal((1, 400L), (_backend.Ejections, _backend.Failures));
        Assert.Single(_logger.Lines(104));
    }

    private void Fail(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _pool.ReportFailure(_backend, "reset");
        }
    }

    private double EjectedFor()
    {
        Fail(3);
        var span = _backend.EjectedUntil!.Value - _time.GetUtcNow();
        _time.Advance(span);
        Assert.Equal(BackendState.Healthy, _backend.State);
        return span.TotalSeconds;
    }

    /// <summary>A clock whose time of day somebody changes.</summary>
    private sealed class SetBackTime(TimeProvider inner) : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Offset;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
    }
}
