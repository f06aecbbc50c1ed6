using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Selection;
using LoadBalancer.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Tests.Backends;

public sealed class SlowStartTests
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(100);

    private readonly FakeTimeProvider _time = new();

    public static TheoryData<SelectionPolicy, int> Kinds =>
        [.. from kind in Enum.GetValues<SelectionPolicy>() from count in new[] { 4, 40 } select (kind, count)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_share_of_a_newcomer_grows_linearly_to_the_whole(SelectionPolicy kind, int others)
    {
        const int Picks = 20_000;
        var pool = Some.Pool(others, options => options with { SlowStart = Span }, _time);
        // In front, so that the policy First wants it.
        EndPoint[] joined = [Some.Address(others), .. pool.Snapshot.Members.Select(backend => backend.EndPoint)];
        pool.SetMembers(joined);
        var newcomer = pool.Snapshot.Members[0];
        Assert.Equal(BackendState.SlowStart, newcomer.State);
        var policy = SelectionPolicies.Create(kind);
        foreach (var percent in new[] { 25, 50, 75, 100 })
        {
            _time.Advance(Span / 4);
            Assert.Equal(percent == 100 ? BackendState.Healthy : BackendState.SlowStart, newcomer.State);

            // All stay, so that policies that weigh load have something to weigh.
            var picked = Enumerable.Range(0, Picks).Select(i => pool.Pick(policy, ClientHash.Of($"client {percent} {i}"))!).ToArray();

            var share = percent / 100.0;
            var expected = Picks * (kind == SelectionPolicy.First ? share : share / (others + share));
            // Six standard deviations and a rounding; two choices at random leave a little more behind.
            var tolerance = (6 * Math.Sqrt(expected)) + (kind is SelectionPolicy.PowerOfTwoChoices or SelectionPolicy.PeakEwma ? expected * 0.1 : 0) + 2;
            Assert.Equal(expected, picked.Count(backend => backend == newcomer), tolerance);
            foreach (var backend in picked)
            {
                pool.Release(backend);
            }
        }
    }

    [Theory]
    [InlineData(SelectionPolicy.RoundRobin)]
    [InlineData(SelectionPolicy.WeightedRoundRobin)]
    [InlineData(SelectionPolicy.Random)]
    [InlineData(SelectionPolicy.ConsistentHash)]
    public void Where_all_start_slowly_all_have_the_same(SelectionPolicy kind)
    {
        var pool = Some.Pool(4, options => options with { SlowStart = Span, PanicThreshold = 100 }, _time);
        foreach (var healthy in new[] { false, true })
        {
            foreach (var backend in pool.Snapshot.Members)
            {
                pool.SetHealth(backend, healthy, "");
            }
        }

        var policy = SelectionPolicies.Create(kind);
        var counts = Enumerable.Range(0, 10_000).Select(i => pool.Pick(policy, ClientHash.Of($"client {i}"))!).Counts();

        // 2,500 expected of each, standard deviation 43.
        Assert.All(pool.Snapshot.Members, backend => Assert.InRange(counts[backend], 2_240, 2_760));
    }

    [Fact]
    public void One_whole_among_many_that_start_has_as_much_as_all_of_them_have_shares()
    {
        var pool = Some.Pool(1, options => options with { SlowStart = Span }, _time);
        pool.SetMembers(Some.Addresses([.. Enumerable.Range(0, 31)]));
        _time.Advance(Span / 10);

        var counts = Enumerable.Range(0, 10_000).Select(_ => pool.Pick(pool.Policy, 0)!).Counts();

        // 1 of 1 + 30 · 0.1.
        Assert.InRange(counts[pool.Snapshot.Members[0]], 2_000, 3_000);
    }

    [Theory]
    [InlineData("unhealthy")]
    [InlineData("ejected")]
    [InlineData("drained")]
    public void One_that_comes_back_starts_slowly_and_one_that_falls_again_starts_anew(string why)
    {
        var pool = Some.Pool(3, options => options with { SlowStart = Span }, _time);
        var backend = pool.Snapshot.Members[0];
        Assert.Equal(BackendState.Healthy, backend.State);

        for (var i = 0; i < 2; i++)
        {
            Leave();
            Assert.NotEqual(BackendState.SlowStart, backend.State);
            Return();
            Assert.Equal((BackendState.SlowStart, 0.01), (backend.State, backend.SlowStart!.Share));
            _time.Advance(Span * 0.6);
            Assert.Equal(0.6, backend.SlowStart.Share, precision: 5);
        }

        // The end of the first slow start must not end the second.
        Assert.Equal(BackendState.SlowStart, backend.State);
        _time.Advance(Span * 0.4);
        Assert.Equal(BackendState.Healthy, backend.State);
        Assert.Null(backend.SlowStart);

        void Leave()
        {
            switch (why)
            {
                case "unhealthy":
                    pool.SetHealth(backend, healthy: false, "");
                    break;
                case "ejected":
                    pool.Eject(backend, "");
                    break;
                default:
                    pool.Drain(backend);
                    break;
            }
        }

        void Return()
        {
            pool.SetHealth(backend, healthy: true, "");
            pool.Resume(backend);
        }
    }

    [Fact]
    public void Without_the_option_nobody_starts_slowly()
    {
        var pool = Some.Pool(2, options => options, _time);
        pool.SetMembers(Some.Addresses(0, 1, 2));

        Assert.All(pool.Snapshot.Members, backend => Assert.Equal(BackendState.Healthy, backend.State));
    }
}
