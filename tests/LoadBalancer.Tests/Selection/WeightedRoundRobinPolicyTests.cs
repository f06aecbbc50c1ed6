using System.Collections.Concurrent;
using LoadBalancer.Backends;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

public sealed class WeightedRoundRobinPolicyTests
{
    [Theory]
    [InlineData("a a b a c a a", 5, 1, 1)]
    [InlineData("a b", 3, 3)]
    [InlineData("b a b", 1, 2)]
    [InlineData("a b c", 256, 256, 256)]
    [InlineData("a", 7)]
    public void Turns_are_in_the_order_of_nginx(string expected, params int[] weights)
    {
        var policy = new WeightedRoundRobinPolicy();
        var backends = Some.Backends(weights.Length, weights);
        var candidates = backends.Candidates();
        var length = expected.Split(' ').Length;

        var picks = Enumerable.Range(0, length * 2).Select(_ => (char)('a' + Array.IndexOf(backends, policy.Pick(candidates))));

        Assert.Equal($"{expected} {expected}", string.Join(' ', picks));
    }

    [Fact]
    public void Every_sequence_is_what_nginx_would_do()
    {
        // Weights of every kind: many the same, none the same, with and without a common divisor.
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var most = random.Next(1, 30);
            var weights = Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(1, most + 1) * (round % 3 == 0 ? 4 : 1)).ToArray();

            var turns = new SmoothTurns(weights);

            Assert.Equal(LikeNginx(weights, turns.Length * 2), Enumerable.Range(0, turns.Length * 2).Select(turn => turns[(uint)turn]));
        }
    }

    [Fact]
    public void Shares_are_exactly_the_weights_whoever_picks()
    {
        var policy = new WeightedRoundRobinPolicy();
        var backends = Some.Backends(4, 1, 2, 7, 10);
        var candidates = backends.Candidates();
        var picks = new ConcurrentDictionary<Backend, int>();

        Parallel.For(0, 20 * 1_000, _ => picks.AddOrUpdate(policy.Pick(candidates), 1, (_, count) => count + 1));

        Assert.Equal([1_000, 2_000, 7_000, 10_000], backends.Select(backend => picks[backend]));
    }

    [Fact]
    public void A_thousand_backends_of_all_weights_are_affordable()
    {
        var weights = Enumerable.Range(0, 1_000).Select(i => (i % 256) + 1).ToArray();

        var turns = new SmoothTurns(weights);

        Assert.Equal(weights.Sum(), turns.Length);
        Assert.Equal(weights, Enumerable.Range(0, turns.Length).CountBy(turn => turns[(uint)turn]).OrderBy(pair => pair.Key).Select(pair => pair.Value));
    }

    private static IEnumerable<int> LikeNginx(int[] weights, int turns)
    {
        var credits = new int[weights.Length];
        for (var turn = 0; turn < turns; turn++)
        {
            var best = 0;
            for (var slot = 0; slot < weights.Length; slot++)
            {
                credits[slot] += weights[slot];
                best = credits[slot] > credits[best] ? slot : best;
            }

            credits[best] -= weights.Sum();
            yield return best;
        }
    }
}
