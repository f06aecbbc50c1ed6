using LoadBalancer.Backends;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Backends;

public sealed class PeakLatencyTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly PeakLatency _latency;

    public PeakLatencyTests() => _latency = new(_time) { Decay = TimeSpan.FromSeconds(10) };

    [Fact]
    public void A_peak_counts_at_once_and_is_forgotten_slowly()
    {
        Observe(5);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Observe(500);
        Assert.Equal(500, _latency.At(_latency.Now));

        _time.Advance(TimeSpan.FromSeconds(10));

        // 1/e is left; what is seen now has the rest of the weight.
        Assert.Equal(500 / Math.E, _latency.At(_latency.Now), 0.01);
        Observe(5);
        Assert.Equal((500 / Math.E) + (5 * (1 - (1 / Math.E))), _latency.At(_latency.Now), 0.01);
    }

    [Fact]
    public void Without_answers_it_falls_towards_nothing_and_is_shown_as_it_was()
    {
        Observe(500);

        _time.Advance(TimeSpan.FromSeconds(100));

        Assert.Equal(500 * Math.Exp(-10), _latency.At(_latency.Now), 0.0001);
        Assert.Equal(500, _latency.Newest);
    }

    [Fact]
    public void Many_answers_within_a_millisecond_have_the_weight_of_that_millisecond()
    {
        Observe(500);
        for (var i = 0; i < 10_000; i++)
        {
            _time.Advance(TimeSpan.FromMicroseconds(100));
            Observe(5);
        }

        Assert.Equal((500 * Math.Exp(-0.1)) + (5 * (1 - Math.Exp(-0.1))), _latency.At(_latency.Now), 0.1);
    }

    [Fact]
    public void There_is_none_before_the_first_answer_and_one_without_a_time_is_an_answer()
    {
        Assert.Null(_latency.Newest);
        Assert.Equal(0, _latency.At(_latency.Now));

        Observe(0);

        Assert.NotNull(_latency.Newest);
        Assert.True(_latency.At(_latency.Now) > 0);
    }

    [Fact]
    public void A_failure_counts_as_a_second_then_twice_as_much_and_at_most_a_minute()
    {
        Observe(3);
        foreach (var expected in new[] { 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000 })
        {
            _latency.Fail();
            Assert.Equal(expected, _latency.At(_latency.Now));
        }

        // What took longer was no better.
        Observe(100_000);
        _latency.Fail();
        Assert.Equal(100_000, _latency.At(_latency.Now));
    }

    [Fact]
    public void A_clock_that_has_run_for_months_is_no_other_clock()
    {
        _time.Advance(TimeSpan.FromMilliseconds(uint.MaxValue - 5L));
        Observe(500);

        // The milliseconds wrap in between.
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(500 / Math.E, _latency.At(_latency.Now), 0.01);
    }

    [Fact]
    public void Answers_of_many_threads_leave_the_highest_peak()
    {
        Parallel.For(0, 10_000, i => Observe((i * 7919) % 10_000));

        Assert.Equal(9_999, _latency.At(_latency.Now));
    }

    private void Observe(int milliseconds) => _latency.Observe(TimeSpan.FromMilliseconds(milliseconds));
}
