using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Selection;

public sealed class RandomPolicyTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 2, 7)]
    [InlineData(256, 1, 1)]
    [InlineData(3, 5, 7, 11, 13, 17)]
    public void Shares_follow_weights(params int[] weights)
    {
        const int Draws = 100_000;
        var policy = new RandomPolicy();
        var backends = Some.Backends(weights.Length, weights);
        var candidates = backends.Candidates();

        var counts = Enumerable.Range(0, Draws).Select(_ => policy.Pick(candidates)).Counts();

        // Six standard deviations: once in 500 million runs by chance.
        Assert.All(backends, backend =>
        {
            var share = (double)backend.Weight / weights.Sum();
            var deviation = Math.Sqrt(Draws * share * (1 - share));
            Assert.InRange(counts.GetValueOrDefault(backend), (Draws * share) - (6 * deviation), (Draws * share) + (6 * deviation));
        });
    }

    [Fact]
    public void The_table_holds_the_shares_exactly()
    {
        var random = new Random(1);
        for (var round = 0; round < 50; round++)
        {
            var weights = Enumerable.Range(0, random.Next(1, 50)).Select(_ => random.Next(1, 257)).ToArray();
            var table = new AliasTable(weights);

            // An even grid over the unit interval stands for all random numbers.
            const int Grid = 200_000;
            var counts = Enumerable.Range(0, Grid).CountBy(i => table.Draw((i + 0.5) / Grid)).ToDictionary();

            Assert.All(weights.Index(), pair =>
                Assert.Equal((double)Grid * pair.Item / weights.Sum(), counts.GetValueOrDefault(pair.Index), tolerance: weights.Length + 1.0));
        }
    }

    [Fact]
    public void No_random_number_leads_outside()
    {
        var table = new AliasTable([3, 1, 2]);

        Assert.InRange(table.Draw(0), 0, 2);
        Assert.InRange(table.Draw(Math.BitDecrement(1.0)), 0, 2);
    }
}
