using System.Threading.RateLimiting;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Limits;

/// <summary>How often a route may be used, by all or by each key.</summary>
internal sealed class RateLimit
{
    /// <summary>Keys that are remembered at most: some 40 MB in all, since a client may invent as many as it likes.</summary>
    public const int MaxKeys = 100_000;

    private const int Segments = 10;
    private const int WholeAddress = 32;
    private const int Subnet = 64;

    // Tokens come in steps of at least this; a step is a whole number of 100 ns, and shorter ones would be far from what they should be.
    private const double ShortestStep = TimeSpan.TicksPerMillisecond / 10.0;

    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(10);

    private readonly RateLimitOptions _options;
    private readonly ReplenishingRateLimiter? _all;
    private readonly KeyedLimiters? _keyed;

    public RateLimit(RateLimitOptions options, TimeProvider time)
    {
        _options = options with { };
        var create = Creator(options, time);
        if (options.Key == RateLimitKey.Global)
        {
            _all = create();
        }
        else
        {
            var burst = options.Burst ?? options.Requests;
            var recovery = options.Window * Math.Max(1, (double)burst / options.Requests);
            _keyed = new KeyedLimiters(create, recovery > ShortestLife ? recovery : ShortestLife, MaxKeys, time);
        }
    }

    /// <summary>Whether a limit of other options would be the same: then this one stays, with what it has counted.</summary>
    public bool IsFor(RateLimitOptions options) => _options == options;

    /// <summary>Counts a request.</summary>
    /// <returns>Null when it may go on; else the time after which another may.</returns>
    public TimeSpan? Take(HttpContext context)
    {
        var limiter = _all ?? _keyed!.Get(KeyOf(context));
        limiter.TryReplenish();
        using var lease = limiter.AttemptAcquire();
        return lease.IsAcquired ? null
            : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait
            : _options.Window;
    }

    private ulong KeyOf(HttpContext context) => _options.Key == RateLimitKey.Header
        ? ClientHash.Of(context.Request.Headers[_options.Header!].ToString())
        : ClientHash.Of(context.Connection.RemoteIpAddress, WholeAddress, Subnet);

    private static Func<ReplenishingRateLimiter> Creator(RateLimitOptions options, TimeProvider time)
    {
        if (options.Algorithm != RateLimitAlgorithm.TokenBucket)
        {
            var segments = options.Algorithm == RateLimitAlgorithm.SlidingWindow ? Segments : 1;
            return () => new WindowRateLimiter(options.Requests, options.Window, segments, time);
        }

        var interval = (double)options.Window.Ticks / options.Requests;
        var tokens = Math.Max(1, (int)Math.Ceiling(ShortestStep / interval));
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Burst ?? options.Requests,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromTicks((long)Math.Round(interval * tokens)),
            // A timer for each key would be the dearest part of it; the time that has passed says as much.
            AutoReplenishment = false,
        };
        return () => new TokenBucketRateLimiter(bucket);
    }
}
