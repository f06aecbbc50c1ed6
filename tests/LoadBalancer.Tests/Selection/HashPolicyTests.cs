using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

public sealed class HashPolicyTests
{
    private static readonly ulong[] Clients =
        [.. Enumerable.Range(0, 10_000).Select(i => ClientHash.Of(new IPAddress([192, 168, (byte)(i / 256), (byte)(i % 256)])))];

    private readonly HashPolicy _policy = new(SelectionPolicy.ConsistentHash);

    [Fact]
    public void A_client_keeps_its_backend_whatever_the_load_and_the_order()
    {
        var backends = Some.Backends(5);
        var candidates = backends.Candidates();
        var reversed = backends.Reverse().ToArray().Candidates();
        foreach (var client in Clients.Take(500))
        {
            var first = _policy.Pick(candidates, client);
            first.Busy(3);

            Assert.Same(first, _policy.Pick(candidates, client));
            Assert.Same(first, _policy.Pick(reversed, client));
            Assert.Same(first, new HashPolicy(SelectionPolicy.SourceHash).Pick(candidates, client));
        }
    }

    [Fact]
    public void A_client_goes_to_the_same_backend_in_every_process()
    {
        // Fixed addresses give fixed picks: the hash must not be seeded by the process.
        var backends = Some.Backends(8);
        var candidates = backends.Candidates();
        var picks = new[] { "127.0.0.1", "192.168.1.7", "::1", "2001:db8::1" }
            .Select(client => Array.IndexOf(backends, _policy.Pick(candidates, ClientHash.Of(IPAddress.Parse(client)))));

        Assert.Equal([2, 4, 3, 1], picks);
    }

    [Fact]
    public void Clients_spread_evenly()
    {
        // 2,000 expected of each, standard deviation 40; the clients are fixed, so the outcome is too.
        var backends = Some.Backends(5);
        var candidates = backends.Candidates();
        var counts = Clients.Select(client => _policy.Pick(candidates, client)).Counts();

        Assert.All(backends, backend => Assert.InRange(counts[backend], 1_840, 2_160));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(100)]
    public void A_backend_that_leaves_moves_its_own_keys_and_at_most_two_of_n_of_the_others(int count)
    {
        var backends = Some.Backends(count);
        var before = Table(backends);
        foreach (var gone in Enumerable.Range(0, count).Where(slot => slot % ((count / 10) + 1) == 0))
        {
            var left = backends.Where((_, slot) => slot != gone).ToArray();
            var after = Table(left);
            var others = 0;
            var moved = 0;
            for (var entry = 0; entry < before.Length; entry++)
            {
                if (before[entry] != backends[gone])
                {
                    others++;
                    moved += before[entry] == after[entry] ? 0 : 1;
                }
            }

            Assert.InRange((double)moved / others, 0, 2.0 / count);
        }
    }

    [Fact]
    public void The_keys_of_a_backend_that_leaves_spread_over_all_others()
    {
        var backends = Some.Backends(5);
        var before = Table(backends);
        var after = Table(backends[1..]);

        var orphans = before.Zip(after).Where(pair => pair.First == backends[0]).Select(pair => pair.Second).ToArray();

        Assert.All(backends[1..], backend => Assert.InRange(orphans.Counts()[backend], orphans.Length * 0.22, orphans.Length * 0.28));
    }

    [Fact]
    public void A_backend_that_joins_takes_its_share_and_moves_few_others()
    {
        var backends = Some.Backends(10);
        var before = Table(backends[..9]);
        var after = Table(backends);

        var taken = after.Count(backend => backend == backends[9]);
        var moved = before.Zip(after).Count(pair => pair.Second != backends[9] && pair.First != pair.Second);

        Assert.InRange(taken, 6_553, 6_554);
        Assert.InRange(moved, 0, before.Length * 2 / 10);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(1_000)]
    public void Every_backend_has_the_same_number_of_entries(int count)
    {
        var entries = Table(Some.Backends(count)).Counts();

        // They choose in turns, so nobody can be ahead by more than one.
        Assert.Equal(count, entries.Count);
        Assert.InRange(entries.Values.Max() - entries.Values.Min(), 0, 1);
    }

    [Fact]
    public void Shares_follow_weights()
    {
        var backends = Some.Backends(4, 1, 2, 7, 256);
        var entries = Table(backends).Counts();

        Assert.All(backends, backend => Assert.InRange(entries[backend], (65_537 * backend.Weight / 266.0) - 3, (65_537 * backend.Weight / 266.0) + 3));
    }

    [Fact]
    public void A_weight_that_grows_moves_few_keys_between_the_others()
    {
        var before = Table(Some.Backends(10));
        var after = Table(Some.Backends(10, 1, 2));

        var moved = before.Zip(after).Count(pair => pair.First.Id != pair.Second.Id && pair.Second.Id != "10.0.0.2:5000");

        Assert.InRange(moved, 0, before.Length * 2 / 10);
    }

    [Fact]
    public void The_second_choice_is_another_for_most_and_lasting_too()
    {
        var candidates = Some.Backends(10).Candidates();
        var others = 0;
        foreach (var client in Clients)
        {
            var second = _policy.Pick(candidates, new PickRequest(client, attempt: 1));
            Assert.Same(second, _policy.Pick(candidates, new PickRequest(client, attempt: 1)));
            others += second == _policy.Pick(candidates, client) ? 0 : 1;
        }

        // 9,000 expected, standard deviation 30.
        Assert.InRange(others, 8_850, 9_150);
    }

    [Theory]
    [InlineData(251)]
    [InlineData(5_000_011)]
    public void The_table_has_the_size_that_is_configured(int size)
    {
        var entries = Table(Some.Backends(5), size).Counts();

        Assert.Equal(size, entries.Values.Sum());
        Assert.InRange(entries.Values.Max() - entries.Values.Min(), 0, 1);
    }

    [Fact]
    public void More_backends_than_entries_leave_some_without()
    {
        var entries = Table(Some.Backends(300), 251).Counts();

        Assert.All(entries.Values, count => Assert.Equal(1, count));
    }

    // Entry by entry: it is what a key that hashes there gets.
    private static Backend[] Table(Backend[] backends, int size = 65_537)
    {
        var candidates = backends.Candidates(size);
        return [.. candidates.Hashes.Slots.ToArray().Select(slot => backends[slot])];
    }
}
