using Peers.Loads;
using Peers.Results;

namespace LoadBalancer.Bench.Tests;

public class ArithmeticTests
{
    [Theory]
    [InlineData(new[] { 3.0, 1, 2 }, 2, 1, 3)]
    [InlineData(new[] { 4.0, 1, 2, 3 }, 2.5, 1, 4)]
    [InlineData(new[] { 7.0 }, 7, 7, 7)]
    public void Spread_is_median_lowest_and_highest(double[] values, double median, double min, double max) =>
        Assert.Equal(new Spread(median, min, max), Spread.Of(values));

    [Fact]
    public void No_values_have_no_spread() => Assert.Null(Spread.Of([]));

    [Theory]
    [InlineData(50.0, 100.0, true, 0.5)]
    [InlineData(50.0, 100.0, false, 2.0)]
    [InlineData(null, 100.0, true, null)]
    [InlineData(50.0, null, true, null)]
    [InlineData(50.0, 0.0, true, null)]
    [InlineData(0.0, 50.0, false, null)]
    public void A_ratio_is_better_when_higher(double? value, double? reference, bool higherIsBetter, double? expected) =>
        Assert.Equal(expected, RoundRatios.Of(value, reference, higherIsBetter));

    [Theory]
    [InlineData(true, 3.0)]
    [InlineData(false, 1.0)]
    public void The_best_is_the_highest_or_lowest_of_those_that_are_there(bool higherIsBetter, double expected) =>
        Assert.Equal(expected, RoundRatios.Best([2.0, null, 3.0, 1.0], higherIsBetter));

    [Fact]
    public void Without_any_there_is_no_best() => Assert.Null(RoundRatios.Best([null], higherIsBetter: true));

    [Fact]
    public void Twice_and_half_cancel_out() => Assert.Equal(1, RoundRatios.Mean([2, 0.5]), 12);

    [Theory]
    [InlineData(0.5, 50)]
    [InlineData(0.99, 99)]
    [InlineData(1, 100)]
    public void A_percentile_is_the_nearest_rank(double share, double expected) =>
        Assert.Equal(expected, Latencies.Percentile(Enumerable.Range(1, 100).Reverse().Select(i => TimeSpan.FromMilliseconds(i)), share));
}
