using System.Net;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

public sealed class SourceHashPolicyTests
{
    private static readonly ulong[] Clients =
        [.. Enumerable.Range(0, 10_000).Select(i => ClientHash.Of(new IPAddress([192, 168, (byte)(i / 256), (byte)(i % 256)])))];

    private readonly SourceHashPolicy _policy = new();

    [Fact]
    public void A_client_keeps_its_backend_whatever_the_load_and_the_order()
    {
        var backends = Some.Backends(5);
        var reversed = backends.Reverse().ToArray();
        foreach (var client in Clients.Take(500))
        {
            var first = _policy.Pick(backends, client);
            first.Busy(3);

            Assert.Same(first, _policy.Pick(backends, client));
            Assert.Same(first, _policy.Pick(reversed, client));
            Assert.Same(first, new SourceHashPolicy().Pick(backends, client));
        }
    }

    [Fact]
    public void A_client_goes_to_the_same_backend_in_every_process()
    {
        // Fixed addresses give fixed picks: the hash must not be seeded by the process.
        var backends = Some.Backends(8);
        var picks = new[] { "127.0.0.1", "192.168.1.7", "::1", "2001:db8::1" }
            .Select(client => Array.IndexOf(backends, _policy.Pick(backends, ClientHash.Of(IPAddress.Parse(client)))));

        Assert.Equal([4, 2, 4, 5], picks);
    }

    [Fact]
    public void Clients_spread_evenly()
    {
        // 2,000 expected of each, standard deviation 40; the clients are fixed, so the outcome is too.
        var backends = Some.Backends(5);
        var counts = Clients.Select(client => _policy.Pick(backends, client)).Counts();

        Assert.All(backends, backend => Assert.InRange(counts[backend], 1_840, 2_160));
    }

    [Fact]
    public void A_backend_that_leaves_moves_only_its_own_clients()
    {
        var backends = Some.Backends(5);
        foreach (var gone in backends)
        {
            var left = backends.Where(backend => backend != gone).ToArray();
            foreach (var client in Clients)
            {
                var before = _policy.Pick(backends, client);
                var after = _policy.Pick(left, client);
                Assert.True(before == gone ? after != gone : after == before);
            }
        }
    }

    [Fact]
    public void The_clients_of_a_backend_that_leaves_spread_over_all_others()
    {
        var backends = Some.Backends(5);
        var orphans = Clients.Where(client => _policy.Pick(backends, client) == backends[0]).ToArray();

        var counts = orphans.Select(client => _policy.Pick(backends.AsSpan(1), client)).Counts();

        Assert.All(backends.Skip(1), backend => Assert.InRange(counts[backend], orphans.Length * 0.2, orphans.Length * 0.3));
    }

    [Fact]
    public void A_backend_that_joins_takes_clients_for_itself_only()
    {
        var backends = Some.Backends(6);
        var moved = 0;
        foreach (var client in Clients)
        {
            var before = _policy.Pick(backends.AsSpan(0, 5), client);
            var after = _policy.Pick(backends, client);
            if (before != after)
            {
                Assert.Same(backends[5], after);
                moved++;
            }
        }

        Assert.InRange(moved, 1_500, 1_833);
    }

    [Fact]
    public void Shares_follow_weights()
    {
        // 1,000, 2,000 and 7,000 expected; standard deviations 30, 40 and 46.
        var backends = Some.Backends(3, 1, 2, 7);
        var counts = Clients.Select(client => _policy.Pick(backends, client)).Counts();

        Assert.InRange(counts[backends[0]], 880, 1_120);
        Assert.InRange(counts[backends[1]], 1_840, 2_160);
        Assert.InRange(counts[backends[2]], 6_820, 7_180);
    }

    [Fact]
    public void A_heavier_weight_moves_clients_to_that_backend_only()
    {
        var light = Some.Backends(3);
        var heavy = Some.Backends(3, 1, 5, 1);
        foreach (var client in Clients)
        {
            var before = Array.IndexOf(light, _policy.Pick(light, client));
            var after = Array.IndexOf(heavy, _policy.Pick(heavy, client));
            Assert.True(before == after || after == 1);
        }
    }
}
