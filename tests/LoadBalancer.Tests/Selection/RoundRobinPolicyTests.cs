using System.Collections.Concurrent;
using LoadBalancer.Backends;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

public sealed class RoundRobinPolicyTests
{
    [Fact]
    public void Each_backend_has_its_turn_in_order_from_the_first()
    {
        var policy = new RoundRobinPolicy();
        var backends = Some.Backends(3);
        var candidates = backends.Candidates();

        var picks = Enumerable.Range(0, 7).Select(_ => policy.Pick(candidates)).ToArray();

        Assert.Equal([backends[0], backends[1], backends[2], backends[0], backends[1], backends[2], backends[0]], picks);
    }

    [Fact]
    public void Weights_and_load_do_not_count()
    {
        var policy = new RoundRobinPolicy();
        var backends = Some.Backends(3, 100, 1, 1);
        var candidates = backends.Candidates();
        backends[2].Busy(50);

        var counts = Enumerable.Range(0, 300).Select(_ => policy.Pick(candidates)).Counts();

        Assert.All(backends, backend => Assert.Equal(100, counts[backend]));
    }

    [Fact]
    public void Picks_of_many_threads_are_exactly_even()
    {
        var policy = new RoundRobinPolicy();
        var backends = Some.Backends(7);
        var candidates = backends.Candidates();
        var picks = new ConcurrentDictionary<Backend, int>();

        Parallel.For(0, 7 * 10_000, _ => picks.AddOrUpdate(policy.Pick(candidates), 1, (_, count) => count + 1));

        Assert.Equal(Enumerable.Repeat(10_000, 7), backends.Select(backend => picks[backend]));
    }

    [Fact]
    public void A_set_that_shrinks_and_grows_is_never_left()
    {
        var policy = new RoundRobinPolicy();
        var backends = Some.Backends(9);

        Assert.All(Enumerable.Range(0, 1000), i =>
        {
            var candidates = backends[..((i % 9) + 1)].Candidates();
            Assert.True(candidates.Backends.Contains(policy.Pick(candidates)));
        });
    }
}
