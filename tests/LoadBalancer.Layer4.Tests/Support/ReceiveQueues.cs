using System.Globalization;

namespace LoadBalancer.Layer4.Tests.Support;

/// <summary>What the kernel keeps for sockets until they are read, which only Linux tells.</summary>
internal static class ReceiveQueues
{
    /// <summary>Whether everything was read that came to sockets of a local port, or to those whose other end has a remote one.</summary>
    /// <param name="protocol"><c>tcp</c> or <c>udp</c>, of IPv4.</param>
    /// <param name="local">The local port.</param>
    /// <param name="remote">A remote port; 0 for none.</param>
    // A line: number, local address:port, remote address:port, state, bytes to send:bytes to receive, all in hex.
    public static bool AreEmpty(string protocol, int local, int remote = 0) => File.ReadLines($"/proc/net/{protocol}")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(fields => Is(fields[1], local) || (remote != 0 && Is(fields[2], remote)))
        .All(fields => fields[4].EndsWith(":00000000", StringComparison.Ordinal));

    private static bool Is(string address, int port) =>
        address.EndsWith(string.Create(CultureInfo.InvariantCulture, $":{port:X4}"), StringComparison.Ordinal);
}
