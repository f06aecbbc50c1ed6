using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Tests.Support;

namespace LoadBalancer.Tests.Backends;

/// <summary>Which members can be picked: tiers and panic.</summary>
public sealed class TierTests
{
    private readonly RecordingLogger<BackendPool> _logger = new();

    [Fact]
    public void A_tier_is_used_only_while_no_lower_one_has_a_healthy_backend()
    {
        var pool = Tiered(50, 0, 0, 1, 2);
        var members = pool.Snapshot.Members;
        Assert.Equal(members[..2], Available(pool));
        Assert.Equal(0, pool.GetStatistics().Tier);

        pool.SetHealth(members[0], healthy: false, "");
        Assert.Equal(members[1..2], Available(pool));

        pool.SetHealth(members[1], healthy: false, "");
        Assert.Equal(members[2..3], Available(pool));
        Assert.Equal(1, pool.GetStatistics().Tier);

        pool.Drain(members[2]);
        Assert.Equal(members[3..], Available(pool));
        Assert.Equal(2, pool.GetStatistics().Tier);

        pool.SetHealth(members[0], healthy: true, "");
        Assert.Equal(members[..1], Available(pool));
        Assert.Equal(0, pool.GetStatistics().Tier);
        Assert.Empty(_logger.Lines(105));
    }

    [Fact]
    public void Where_no_tier_has_a_healthy_backend_the_lowest_is_used_whole()
    {
        var pool = Tiered(50, 1, 1, 2);
        foreach (var backend in pool.Snapshot.Members)
        {
            pool.SetHealth(backend, healthy: false, "");
        }

        Assert.Equal(pool.Snapshot.Members[..2], Available(pool));
        Assert.True(pool.Snapshot.IsPanicking);
    }

    [Fact]
    public void A_tier_that_has_lost_more_than_the_threshold_panics_before_backups_are_used()
    {
        var pool = Tiered(50, 0, 0, 0, 1);
        var members = pool.Snapshot.Members;
        pool.SetHealth(members[0], healthy: false, "");
        pool.SetHealth(members[1], healthy: false, "");

        Assert.Equal(members[..3], Available(pool));
        Assert.True(pool.Snapshot.IsPanicking);
    }

    [Fact]
    public void Half_of_the_backends_may_be_unhealthy()
    {
        var pool = Tiered(50, 0, 0);
        pool.SetHealth(pool.Snapshot.Members[0], healthy: false, "");

        Assert.False(pool.Snapshot.IsPanicking);
        Assert.Equal(pool.Snapshot.Members[1..], Available(pool));
        Assert.Empty(_logger.Lines(105));
    }

    [Fact]
    public void More_than_half_are_a_panic_which_is_logged_once_and_its_end_too()
    {
        var pool = Tiered(50, 0, 0, 0);
        var members = pool.Snapshot.Members;
        pool.SetHealth(members[0], healthy: false, "");
        Assert.False(pool.Snapshot.IsPanicking);

        pool.SetHealth(members[1], healthy: false, "");
        Assert.True(pool.Snapshot.IsPanicking);
        Assert.Equal(members, Available(pool));
        Assert.All(members, backend => Assert.True(pool.Snapshot.CanPick(backend)));
        pool.SetHealth(members[2], healthy: false, "");
        Assert.True(pool.Snapshot.IsPanicking);
        Assert.Equal(["Pool catalog: panics: more than 50 % of its backends are unhealthy, so every one is used: 3."], _logger.Lines(105));
        Assert.Empty(_logger.Lines(106));

        pool.SetHealth(members[0], healthy: true, "");
        Assert.Single(_logger.Lines(105));
        pool.SetHealth(members[1], healthy: true, "");
        Assert.False(pool.Snapshot.IsPanicking);
        Assert.Equal(members[..2], Available(pool));
        Assert.Equal(["Pool catalog: no longer panics; backends in use: 2."], _logger.Lines(106));
        Assert.Single(_logger.Lines(105));
    }

    [Fact]
    public void A_pool_that_never_panics_has_nothing_to_pick_when_all_are_unhealthy()
    {
        var pool = Tiered(100, 0, 0);
        foreach (var backend in pool.Snapshot.Members)
        {
            pool.SetHealth(backend, healthy: false, "");
        }

        Assert.Empty(Available(pool));
        Assert.Null(pool.Pick(pool.Policy, 0));
        Assert.Empty(_logger.Lines(105));
    }

    [Fact]
    public void A_threshold_of_nothing_panics_for_one()
    {
        var pool = Tiered(0, 0, 0, 0);
        Assert.False(pool.Snapshot.IsPanicking);

        pool.SetHealth(pool.Snapshot.Members[0], healthy: false, "");

        Assert.Equal(3, Available(pool).Length);
    }

    [Fact]
    public void Those_that_drain_and_those_that_are_checked_for_the_first_time_do_not_count()
    {
        var pool = Tiered(50, 0, 0, 0, 0);
        var members = pool.Snapshot.Members;
        pool.Drain(members[0]);
        pool.Drain(members[1]);
        pool.SetHealth(members[2], healthy: false, "");

        // One of two.
        Assert.False(pool.Snapshot.IsPanicking);
        Assert.Equal(members[3..], Available(pool));
    }

    private static Backend[] Available(BackendPool pool) => pool.Snapshot.Available.ToArray();

    private BackendPool Tiered(int threshold, params int[] priorities) => Some.Pool(
        priorities.Length,
        options => options with
        {
            PanicThreshold = threshold,
            Backends = priorities.Index().ToDictionary(pair => $"replica-{pair.Index}", pair => new BackendOptions { Address = Some.Address(pair.Index).ToString(), Priority = pair.Item }),
        },
        logger: _logger);
}
