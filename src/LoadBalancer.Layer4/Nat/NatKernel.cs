using System.Net;
using System.Net.NetworkInformation;

namespace LoadBalancer.Layer4.Nat;

/// <summary>What the kernel of this machine is set to do.</summary>
/// <param name="ForwardsIPv4"><c>net.ipv4.ip_forward</c>.</param>
/// <param name="ForwardsIPv6"><c>net.ipv6.conf.all.forwarding</c>.</param>
/// <param name="RoutesLoopback"><c>net.ipv4.conf.*.route_localnet</c>, for any interface.</param>
/// <param name="OwnAddresses">Addresses of this machine.</param>
internal sealed record NatKernel(bool ForwardsIPv4, bool ForwardsIPv6, bool RoutesLoopback, IReadOnlySet<IPAddress> OwnAddresses)
{
    /// <summary>Reads the settings as they are now. They are only read: they are the administrator's.</summary>
    public static NatKernel Read() => new(
        IsOn("/proc/sys/net/ipv4/ip_forward"),
        IsOn("/proc/sys/net/ipv6/conf/all/forwarding"),
        Directory.EnumerateDirectories("/proc/sys/net/ipv4/conf").Any(directory => IsOn(Path.Combine(directory, "route_localnet"))),
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(networkInterface => networkInterface.GetIPProperties().UnicastAddresses).Select(address => address.Address).ToHashSet());

    /// <summary>Whether an address is one of this machine.</summary>
    public bool Owns(IPAddress address) => IPAddress.IsLoopback(address) || OwnAddresses.Contains(address);

    private static bool IsOn(string path) => File.Exists(path) && File.ReadAllText(path).Trim() != "0";
}
