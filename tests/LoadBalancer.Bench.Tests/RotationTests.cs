using Peers.Scenarios;

namespace LoadBalancer.Bench.Tests;

public class RotationTests
{
    [Theory]
    [InlineData(0, "abc")]
    [InlineData(1, "bca")]
    [InlineData(2, "cab")]
    [InlineData(3, "abc")]
    public void Each_round_starts_one_further(int round, string expected) =>
        Assert.Equal(expected, string.Concat(Rotation.Order(['a', 'b', 'c'], round)));

    [Fact]
    public void Over_as_many_rounds_as_contenders_everyone_has_every_place()
    {
        var rounds = Enumerable.Range(0, 5).Select(round => Rotation.Order([0, 1, 2, 3, 4], round).ToArray()).ToArray();

        for (var place = 0; place < 5; place++)
        {
            Assert.Equal([0, 1, 2, 3, 4], rounds.Select(round => round[place]).Order());
        }
    }
}
