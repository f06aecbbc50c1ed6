using LoadBalancer.Layer7.Limits;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Layer7.Tests.Limits;

public sealed class KeyedLimitersTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_key_keeps_its_limiter_and_another_has_its_own()
    {
        var limiters = Create(maxKeys: 100);

        Assert.Same(limiters.Get(1), limiters.Get(1));
        Assert.NotSame(limiters.Get(1), limiters.Get(2));
    }

    [Fact]
    public void However_many_keys_come_few_are_remembered()
    {
        var limiters = Create(maxKeys: 1_000);
        for (var key = 0UL; key < 100_000; key++)
        {
            limiters.Get(key);
            Assert.InRange(limiters.Count, 1, 1_000);
        }
    }

    [Fact]
    public void A_key_that_is_used_outlasts_a_flood_of_others()
    {
        var limiters = Create(maxKeys: 1_000);
        var used = limiters.Get(0);
        for (var key = 1UL; key < 100_000; key++)
        {
            limiters.Get(key);
            if (key % 100 == 0)
            {
                Assert.Same(used, limiters.Get(0));
            }
        }
    }

    [Fact]
    public void A_key_is_forgotten_when_it_was_not_used_for_a_lifetime_and_not_before()
    {
        var limiters = Create(maxKeys: 1_000);
        var used = limiters.Get(0);
        _time.Advance(TimeSpan.FromSeconds(11));
        limiters.Get(1);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Same(used, limiters.Get(0));

        _time.Advance(TimeSpan.FromSeconds(11));
        limiters.Get(1);
        _time.Advance(TimeSpan.FromSeconds(11));
        limiters.Get(1);

        Assert.NotSame(used, limiters.Get(0));
    }

    [Fact]
    public void Keys_may_come_from_many_threads()
    {
        var limiters = Create(maxKeys: 1_000);

        Parallel.For(0, 8, thread =>
        {
            for (var i = 0UL; i < 20_000; i++)
            {
                limiters.Get((i * 8) + (ulong)thread);
            }
        });

        // Each thread may add one more while another begins a generation.
        Assert.InRange(limiters.Count, 1, 1_016);
    }

    private KeyedLimiters Create(int maxKeys) =>
        new(() => new WindowRateLimiter(1, TimeSpan.FromSeconds(1), 1, _time), TimeSpan.FromSeconds(10), maxKeys, _time);
}
