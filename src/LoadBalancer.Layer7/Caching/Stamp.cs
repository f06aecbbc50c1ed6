using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Caching;

/// <summary>What a stored answer says of itself within one second.</summary>
internal sealed class Stamp(long seconds, StringValues cacheStatus)
{
    public long Seconds => seconds;

    /// <summary>Value of <c>Age</c> (RFC 9111 section 5.1).</summary>
    public StringValues Age { get; } = seconds.ToString(CultureInfo.InvariantCulture);

    /// <summary>Value of <c>Cache-Status</c> for a hit.</summary>
    public StringValues CacheStatus => cacheStatus;
}
