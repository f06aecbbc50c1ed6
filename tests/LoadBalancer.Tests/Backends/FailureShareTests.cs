using LoadBalancer.Backends;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Backends;

/// <summary>Ejection by the share of what failed in a window.</summary>
public sealed class FailureShareTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly BackendPool _pool;
    private readonly Backend _backend;

    public FailureShareTests()
    {
        _pool = Some.Pool(
            3,
            options => options with
            {
                OutlierEjection = new() { ConsecutiveFailures = 0, FailurePercent = 50, MinimumRequests = 10, Window = TimeSpan.FromSeconds(10), BaseTime = TimeSpan.FromSeconds(5) },
            },
            _time);
        _backend = _pool.Snapshot.Members[1];
    }

    [Fact]
    public void So_large_a_share_of_enough_ejects()
    {
        Count(succeeded: 5, failed: 4);
        Assert.Equal(BackendState.Healthy, _backend.State);

        Count(0, 1);

        Assert.Equal((BackendState.Ejected, "5 of 10 failed within 10 s, the last: reset"), (_backend.State, _backend.Reason));
    }

    [Fact]
    public void Too_few_eject_nobody_however_many_fail()
    {
        Count(0, 9);

        Assert.Equal(BackendState.Healthy, _backend.State);
    }

    [Fact]
    public void A_smaller_share_ejects_nobody()
    {
        for (var i = 0; i < 100; i++)
        {
            Count(6, 5);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((BackendState.Healthy, 500L), (_backend.State, _backend.Failures));
    }

    [Fact]
    public void What_is_older_than_the_window_no_longer_counts()
    {
        Count(0, 9);
        _time.Advance(TimeSpan.FromSeconds(11));
        Count(0, 9);

        Assert.Equal(BackendState.Healthy, _backend.State);
    }

    [Fact]
    public void After_an_ejection_it_begins_anew()
    {
        Count(0, 10);
        Assert.Equal(BackendState.Ejected, _backend.State);

        _time.Advance(TimeSpan.FromSeconds(5));
        Count(0, 9);
        Assert.Equal((BackendState.Healthy, 1), (_backend.State, _backend.Ejections));
        Count(0, 1);
        Assert.Equal((BackendState.Ejected, 2), (_backend.State, _backend.Ejections));

        _pool.Resume(_backend);
        Count(0, 9);
        Assert.Equal(BackendState.Healthy, _backend.State);
    }

    [Fact]
    public void Options_can_switch_it_on_and_off()
    {
        _pool.Configure(_pool.Options with { OutlierEjection = new() { ConsecutiveFailures = 0 } });
        Count(0, 50);
        Assert.Equal(BackendState.Healthy, _backend.State);

        _pool.Configure(_pool.Options with { OutlierEjection = new() { ConsecutiveFailures = 0, FailurePercent = 100, MinimumRequests = 5 } });
        Count(0, 5);
        Assert.Equal(BackendState.Ejected, _backend.State);
    }

    [Fact]
    public void Counts_of_many_threads_are_all_there()
    {
        var counts = new RollingCounts(TimeSpan.FromHours(1), TimeProvider.System);

        Parallel.For(0, 100_000, i => counts.Add(1, i % 4 == 0 ? 1 : 0));

        Assert.Equal((100_000, 25_000), counts.Read());
    }

    private void Count(int succeeded, int failed)
    {
        for (var i = 0; i < succeeded; i++)
        {
            _backend.RecordSuccess();
        }

        for (var i = 0; i < failed; i++)
        {
            _pool.ReportFailure(_backend, "reset");
        }
    }
}
