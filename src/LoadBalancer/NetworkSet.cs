using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer;

/// <summary>Networks that an address is looked for in.</summary>
internal sealed class NetworkSet
{
    private readonly IPNetwork[] _networks;

    /// <param name="networks">Valid networks, as the configuration writes them.</param>
    public NetworkSet(IEnumerable<string> networks) =>
        _networks = [.. networks.Select(text => Network.TryParse(text, out var network) ? network : throw new ArgumentException($"'{text}' is not a network", nameof(networks)))];

    public bool IsEmpty => _networks.Length == 0;

    /// <summary>Whether an address is in one of the networks. An IPv4 address mapped into IPv6 counts as the IPv4 address.</summary>
    public bool Contains(IPAddress address)
    {
        // Networks of IPv4 contain no mapped address.
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in _networks)
        {
            if (network.Contains(plain))
            {
                return true;
            }
        }

        return false;
    }
}
