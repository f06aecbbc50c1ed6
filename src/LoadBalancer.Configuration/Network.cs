using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Configuration;

/// <summary>Reads networks as the configuration writes them.</summary>
public static class Network
{
    /// <summary>What <see cref="TryParse"/> accepts, for messages.</summary>
    public const string Allowed = "an IP address, or a network in CIDR form such as 10.0.0.0/8 or fd00::/8 without bits beyond its prefix";

    /// <summary>Reads an address or a network.</summary>
    /// <param name="text">The text.</param>
    /// <param name="network">The network read; one of IPv4 when the text is an IPv4 network mapped to IPv6.</param>
    /// <returns>Whether the text is one.</returns>
    public static bool TryParse(string? text, out IPNetwork network)
    {
        network = default;
        var slash = text?.IndexOf('/') ?? -1;
        var host = slash < 0 ? text : text![..slash];
        if (!IPAddress.TryParse(host, out var address) || !IsPlain(host, address)
            || !IPNetwork.TryParse(slash < 0 ? $"{host}/{address.GetAddressBytes().Length * 8}" : text, out var read)
            // The runtime clears the bits beyond the prefix; 10.1.2.3/8 is more likely a slip than 10.0.0.0/8.
            || !read.BaseAddress.Equals(address))
        {
            return false;
        }

        // Clients of a dual-stack socket count as what they are, IPv4.
        network = address.IsIPv4MappedToIPv6 && read.PrefixLength >= 96 ? new(address.MapToIPv4(), read.PrefixLength - 96) : read;
        return true;
    }

    // The runtime also reads 127.1 and 010.0.0.0, which is octal and means 8.0.0.0, and lets go of brackets, ports and scopes.
    private static bool IsPlain(string host, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() == host : host.AsSpan().IndexOfAny('[', '%') < 0;
}
