using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

public sealed class PowerOfTwoChoicesPolicyTests
{
    [Fact]
    public void Of_two_the_idle_one_is_always_picked()
    {
        var policy = new PowerOfTwoChoicesPolicy();
        var backends = Some.Backends(2);
        var candidates = backends.Candidates();
        backends[0].Busy(1);

        Assert.All(Enumerable.Range(0, 200), _ => Assert.Same(backends[1], policy.Pick(candidates)));
    }

    [Fact]
    public void The_busiest_is_never_picked()
    {
        // Two different backends are drawn, so the busiest always meets a better one.
        var policy = new PowerOfTwoChoicesPolicy();
        var backends = Some.Backends(5);
        var candidates = backends.Candidates();
        backends[3].Busy(10);

        Assert.All(Enumerable.Range(0, 2000), _ => Assert.NotSame(backends[3], policy.Pick(candidates)));
    }

    [Fact]
    public void An_idle_backend_among_busy_ones_gets_its_share_of_the_draws()
    {
        // It is one of the two drawn with probability 2/5, and then wins: 4,000 of 10,000, standard deviation 49.
        var policy = new PowerOfTwoChoicesPolicy();
        var backends = Some.Backends(5);
        var candidates = backends.Candidates();
        foreach (var busy in backends.Skip(1))
        {
            busy.Busy(3);
        }

        var counts = Enumerable.Range(0, 10_000).Select(_ => policy.Pick(candidates)).Counts();

        Assert.InRange(counts[backends[0]], 3_700, 4_300);
    }

    [Fact]
    public void Equals_are_picked_equally_often()
    {
        // 2,500 expected of each, standard deviation 43.
        var policy = new PowerOfTwoChoicesPolicy();
        var backends = Some.Backends(4);
        var candidates = backends.Candidates();

        var counts = Enumerable.Range(0, 10_000).Select(_ => policy.Pick(candidates)).Counts();

        Assert.All(backends, backend => Assert.InRange(counts[backend], 2_200, 2_800));
    }

    [Fact]
    public void Load_is_weighed()
    {
        var policy = new PowerOfTwoChoicesPolicy();
        var backends = Some.Backends(2, 1, 10);
        var candidates = backends.Candidates();
        backends[1].Busy(5);

        // (0 + 1) / 1 is more than (5 + 1) / 10.
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(backends[1], policy.Pick(candidates)));
    }
}
