using LoadBalancer.Layer7.Resilience;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Layer7.Tests.Resilience;

public sealed class RetryBudgetTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0, 20, 3)]
    [InlineData(10, 20, 3)]
    [InlineData(100, 20, 20)]
    [InlineData(1_000, 20, 200)]
    [InlineData(1_000, 0, 3)]
    [InlineData(1_000, 100, 1_000)]
    public void So_many_percent_of_the_newest_requests_may_be_retries_and_three_in_any_case(int requests, int percent, int expected)
    {
        var budget = new RetryBudget(_time);
        for (var i = 0; i < requests; i++)
        {
            budget.RecordRequest();
        }

        Assert.Equal(expected, TakeAll(budget, percent));
    }

    [Fact]
    public void What_is_older_than_the_window_no_longer_counts()
    {
        var budget = new RetryBudget(_time);
        for (var i = 0; i < 100; i++)
        {
            budget.RecordRequest();
        }

        Assert.Equal(20, TakeAll(budget, 20));
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(0, TakeAll(budget, 20));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(RetryBudget.Minimum, TakeAll(budget, 20));
    }

    [Fact]
    public void What_was_taken_for_nothing_can_be_given_back()
    {
        var budget = new RetryBudget(_time);
        Assert.Equal(3, TakeAll(budget, 20));

        budget.GiveBack();

        Assert.Equal(1, TakeAll(budget, 20));
    }

    private static int TakeAll(RetryBudget budget, int percent)
    {
        var taken = 0;
        while (taken < 10_000 && budget.TryTake(percent))
        {
            taken++;
        }

        return taken;
    }
}
