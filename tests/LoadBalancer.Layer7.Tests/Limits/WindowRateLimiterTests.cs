using System.Threading.RateLimiting;
using LoadBalancer.Layer7.Limits;
using Microsoft.Extensions.Time.Testing;

namespace LoadBalancer.Layer7.Tests.Limits;

public sealed class WindowRateLimiterTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_fixed_window_gives_everything_back_when_it_ends()
    {
        using var limiter = new WindowRateLimiter(3, Seconds(10), segments: 1, _time);

        Assert.Equal([null, null, null, Seconds(10)], Take(limiter, 4));
        _time.Advance(Seconds(9.5));
        Assert.Equal([Seconds(0.5)], Take(limiter, 1));
        _time.Advance(Seconds(0.5));
        Assert.Equal([null, null, null, Seconds(10)], Take(limiter, 4));
    }

    [Fact]
    public void A_sliding_window_gives_back_what_left_it()
    {
        using var limiter = new WindowRateLimiter(10, Seconds(10), segments: 10, _time);
        Assert.All(Take(limiter, 4), Assert.Null);
        _time.Advance(Seconds(5));
        Assert.All(Take(limiter, 6), Assert.Null);

        // The first four leave after ten seconds, the other six five seconds later.
        Assert.Equal([Seconds(5)], Take(limiter, 1));
        _time.Advance(Seconds(5));
        Assert.Equal([null, null, null, null, Seconds(5)], Take(limiter, 5));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void However_requests_come_a_sliding_window_never_holds_more_than_it_may(int seed)
    {
        var random = new Random(seed);
        using var limiter = new WindowRateLimiter(20, Seconds(10), segments: 10, _time);
        var granted = new List<double>();
        var now = 0.0;
        for (var i = 0; i < 2_000; i++)
        {
            var pause = random.Next(8) == 0 ? random.NextDouble() * 30 : random.NextDouble() * 0.3;
            _time.Advance(Seconds(pause));
            now += pause;
            if (Take(limiter, 1)[0] is null)
            {
                granted.Add(now);
                // A segment counts until it is a whole window away, so nine tenths of a window are certain.
                Assert.InRange(granted.Count(at => at > now - 9), 1, 20);
            }
        }

        Assert.InRange(granted.Count, 500, 2_000);
    }

    [Fact]
    public void Who_waits_for_as_long_as_told_may_go_on()
    {
        var random = new Random(3);
        using var limiter = new WindowRateLimiter(7, Seconds(10), segments: 10, _time);
        for (var i = 0; i < 1_000; i++)
        {
            _time.Advance(Seconds(random.NextDouble()));
            if (Take(limiter, 1)[0] is { } wait)
            {
                Assert.InRange(wait, TimeSpan.FromTicks(1), Seconds(10));
                _time.Advance(wait);
                Assert.Null(Take(limiter, 1)[0]);
            }
        }
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private static TimeSpan?[] Take(WindowRateLimiter limiter, int times)
    {
        var waits = new TimeSpan?[times];
        for (var i = 0; i < times; i++)
        {
            using var lease = limiter.AttemptAcquire();
            Assert.Equal(lease.IsAcquired, !lease.TryGetMetadata(MetadataName.RetryAfter, out var wait));
            waits[i] = lease.IsAcquired ? null : wait;
        }

        return waits;
    }
}
