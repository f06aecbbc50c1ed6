using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

public sealed class LeastConnectionsPolicyTests
{
    [Fact]
    public void The_backend_with_the_fewest_connections_is_picked_wherever_it_stands()
    {
        var policy = new LeastConnectionsPolicy();
        for (var idle = 0; idle < 5; idle++)
        {
            var backends = Some.Backends(5);
            var candidates = backends.Candidates();
            for (var i = 0; i < 5; i++)
            {
                backends[i].Busy(i == idle ? 1 : 2 + i);
            }

            Assert.All(Enumerable.Range(0, 20), _ => Assert.Same(backends[idle], policy.Pick(candidates)));
        }
    }

    [Fact]
    public void Ties_rotate_so_that_an_idle_pool_is_used_evenly()
    {
        var policy = new LeastConnectionsPolicy();
        var backends = Some.Backends(4);
        var candidates = backends.Candidates();

        var counts = Enumerable.Range(0, 400).Select(_ => policy.Pick(candidates)).Counts();

        Assert.All(backends, backend => Assert.Equal(100, counts[backend]));
    }

    [Fact]
    public void Connections_that_stay_spread_evenly()
    {
        var policy = new LeastConnectionsPolicy();
        var backends = Some.Backends(3);
        var candidates = backends.Candidates();

        for (var i = 0; i < 300; i++)
        {
            policy.Pick(candidates).Busy(1);
        }

        Assert.All(backends, backend => Assert.Equal(100, backend.Active));
    }

    [Fact]
    public void Connections_that_stay_spread_by_weight()
    {
        var policy = new LeastConnectionsPolicy();
        var backends = Some.Backends(3, 1, 2, 7);
        var candidates = backends.Candidates();

        for (var i = 0; i < 1000; i++)
        {
            policy.Pick(candidates).Busy(1);
        }

        Assert.Equal([100, 200, 700], backends.Select(backend => backend.Active));
    }

    [Fact]
    public void The_heaviest_of_an_idle_pool_is_first()
    {
        var backends = Some.Backends(3, 1, 5, 2);
        var candidates = backends.Candidates();
        Assert.Same(backends[1], new LeastConnectionsPolicy().Pick(candidates));
    }
}
