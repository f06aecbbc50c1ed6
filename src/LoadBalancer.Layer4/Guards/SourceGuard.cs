using System.Net;
using System.Threading.RateLimiting;
using LoadBalancer.Configuration;
using LoadBalancer.Selection;

namespace LoadBalancer.Layer4.Guards;

/// <summary>Decides whether a client may connect: by its network, and by how often it does.</summary>
internal sealed class SourceGuard
{
    // Below this a timer cannot keep the pace.
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromMilliseconds(10);

    private readonly Layer4ListenerOptions _options;
    private readonly NetworkSet _allowed;
    private readonly NetworkSet _denied;
    private readonly PartitionedRateLimiter<ulong>? _rate;

    public SourceGuard(Layer4ListenerOptions options)
    {
        _options = options;
        _allowed = new NetworkSet(options.AllowedNetworks);
        _denied = new NetworkSet(options.DeniedNetworks);
        _rate = options.ConnectionRate is { } rate ? CreateLimiter(rate) : null;
    }

    /// <summary>Whether a guard made from other options would decide alike: then this one stays, with what it has counted.</summary>
    public bool IsFor(Layer4ListenerOptions options) =>
        options.ConnectionRate == _options.ConnectionRate
        && options.SourcePrefix == _options.SourcePrefix
        && options.AllowedNetworks.SequenceEqual(_options.AllowedNetworks)
        && options.DeniedNetworks.SequenceEqual(_options.DeniedNetworks);

    /// <summary>Decides on one connection or session.</summary>
    /// <returns>Why it is refused; null when it may come in.</returns>
    public CloseReason? Check(IPAddress? client)
    {
        if (client is null)
        {
            return null;
        }

        if (_denied.Contains(client) || (!_allowed.IsEmpty && !_allowed.Contains(client)))
        {
            return CloseReason.Denied;
        }

        if (_rate is null)
        {
            return null;
        }

        using var lease = _rate.AttemptAcquire(ClientHash.Of(client, _options.SourcePrefix.IPv4, _options.SourcePrefix.IPv6));
        return lease.IsAcquired ? null : CloseReason.RateLimited;
    }

    private static PartitionedRateLimiter<ulong> CreateLimiter(ConnectionRateOptions rate)
    {
        var one = TimeSpan.FromSeconds(1) / rate.PerSecond;
        var period = one > ShortestPeriod ? one : ShortestPeriod;
        var options = new TokenBucketRateLimiterOptions
        {
            TokenLimit = rate.Burst ?? rate.PerSecond,
            TokensPerPeriod = Math.Max(1, (int)Math.Round(period / one)),
            ReplenishmentPeriod = period,
        };
        return PartitionedRateLimiter.Create<ulong, ulong>(source => RateLimitPartition.GetTokenBucketLimiter(source, _ => options));
    }
}
