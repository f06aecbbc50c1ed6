using System.Globalization;

namespace LoadBalancer.Layer7.Transport;

/// <summary>Names of connections, unique in a process and hard to guess between two.</summary>
internal static class ConnectionIds
{
    private static long _last = Random.Shared.NextInt64(1L << 48);

    public static string Next() => Interlocked.Increment(ref _last).ToString("X", CultureInfo.InvariantCulture);
}
