using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Selection;

public sealed class PeakEwmaPolicyTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly PeakEwmaPolicy _policy = new();

    [Fact]
    public void Of_two_the_quicker_one_is_always_picked()
    {
        var (backends, candidates) = Measured(50, 5);

        Assert.All(Enumerable.Range(0, 200), _ => Assert.Same(backends[1], _policy.Pick(candidates)));
    }

    [Fact]
    public void What_is_under_way_multiplies_the_latency()
    {
        var (backends, candidates) = Measured(50, 5);

        backends[1].Busy(8);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(backends[1], _policy.Pick(candidates)));
        // 5 · 12 is more than 50.
        backends[1].Busy(3);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(backends[0], _policy.Pick(candidates)));
    }

    [Fact]
    public void Cost_is_weighed()
    {
        var (backends, candidates) = Measured([1, 20], 5, 50);

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(backends[1], _policy.Pick(candidates)));
        // 50 · 3 / 20 is more than 5.
        backends[1].Busy(2);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(backends[0], _policy.Pick(candidates)));
    }

    [Fact]
    public void A_heavy_one_is_drawn_more_often_than_a_light_one()
    {
        // Drawn evenly, the heavy one would be among two of nine at most in every fourth or fifth draw.
        var pool = Some.Pool(9, options => options with { Backends = new() { ["heavy"] = new() { Address = Some.Address(0).ToString(), Weight = 24 } } });

        for (var i = 0; i < 3_200; i++)
        {
            pool.Pick(_policy, 0);
        }

        Assert.InRange(pool.Snapshot.Members[0].Active, 2_100, 2_500);
        Assert.All(pool.Snapshot.Members.Skip(1), backend => Assert.InRange(backend.Active, 70, 130));
    }

    [Fact]
    public void One_that_was_never_measured_is_asked_once_until_it_has_answered()
    {
        var (backends, candidates) = Measured(5, 5, 5);
        var newcomer = new Backend(Some.Address(9), "newcomer", "newcomer", _time);
        candidates = new[] { newcomer }.Concat(backends).ToArray().Candidates();
        foreach (var backend in backends)
        {
            backend.Busy(100);
        }

        Assert.Contains(newcomer, Enumerable.Range(0, 100).Select(_ => _policy.Pick(candidates)));
        newcomer.Busy(1);
        Assert.All(Enumerable.Range(0, 1_000), _ => Assert.NotSame(newcomer, _policy.Pick(candidates)));
        newcomer.RecordLatency(TimeSpan.FromMilliseconds(5));
        Assert.Contains(newcomer, Enumerable.Range(0, 100).Select(_ => _policy.Pick(candidates)));
    }

    [Fact]
    public void Where_none_was_measured_the_less_loaded_is_picked()
    {
        var backends = Some.Backends(2, 1, 10);
        var candidates = backends.Candidates();
        backends[0].Busy(1);
        backends[1].Busy(10);

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(backends[1], _policy.Pick(candidates)));
    }

    [Fact]
    public void A_slow_one_is_asked_again_after_a_while_once()
    {
        var (backends, candidates) = Measured(500, 5);
        backends[1].Busy(1);
        var second = 0;
        for (; _policy.Pick(candidates) != backends[0]; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            backends[1].RecordLatency(TimeSpan.FromMilliseconds(5));
        }

        // 500 · e^(-t/10) is less than 5 · 2 after 39.1 s.
        Assert.Equal(40, second);
        backends[0].RecordLatency(TimeSpan.FromMilliseconds(500));
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(backends[1], _policy.Pick(candidates)));
    }

    [Fact]
    public void One_that_fails_at_once_does_not_look_quick()
    {
        var pool = Some.Pool(2, options => options with { Policy = SelectionPolicy.PeakEwma, OutlierEjection = new() { ConsecutiveFailures = 0 } }, _time);
        var (bad, good) = (pool.Snapshot.Members[0], pool.Snapshot.Members[1]);
        for (var i = 0; i < 1_000; i++)
        {
            var picked = pool.Pick(pool.Policy, 0)!;
            if (picked == bad)
            {
                pool.ReportFailure(bad, "refused");
            }
            else
            {
                good.RecordLatency(TimeSpan.FromMilliseconds(20));
            }

            pool.Release(picked);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(bad.Picks, 1, 2);
    }

    [Fact]
    public void Statistics_have_the_latency_whatever_the_policy()
    {
        var pool = Some.Pool(2, options => options, _time);

        pool.Snapshot.Members[0].RecordLatency(TimeSpan.FromTicks(123_457));

        Assert.Equal([12.346, null], pool.GetStatistics().Backends.Select(backend => backend.LatencyMilliseconds));
    }

    [Fact]
    public void The_time_of_decay_is_the_pools_and_changes_with_it()
    {
        var pool = Some.Pool(1, options => options with { LatencyDecay = TimeSpan.FromSeconds(1) }, _time);
        var latency = pool.Snapshot.Members[0].Latency;
        latency.Observe(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(100 / Math.E, latency.At(latency.Now), 0.01);

        pool.Configure(Some.WithoutChecks with { LatencyDecay = TimeSpan.FromSeconds(2) });

        Assert.Equal(100 / Math.Sqrt(Math.E), latency.At(latency.Now), 0.01);
    }

    private (Backend[] Backends, Candidates Candidates) Measured(params int[] milliseconds) => Measured([.. milliseconds.Select(_ => 1)], milliseconds);

    private (Backend[] Backends, Candidates Candidates) Measured(int[] weights, params int[] milliseconds)
    {
        var backends = milliseconds.Select((_, i) => new Backend(Some.Address(i), $"{i}", $"{i}", _time) { Weight = weights[i] }).ToArray();
        foreach (var (backend, latency) in backends.Zip(milliseconds))
        {
            backend.RecordLatency(TimeSpan.FromMilliseconds(latency));
        }

        return (backends, backends.Candidates());
    }
}
