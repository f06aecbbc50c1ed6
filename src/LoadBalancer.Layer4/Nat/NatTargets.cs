using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Layer4.Nat;

/// <summary>The backends that a listener's clients can be translated to, by family, and why not all of them.</summary>
/// <param name="IPv4">Backends for IPv4 clients.</param>
/// <param name="IPv6">Backends for IPv6 clients.</param>
/// <param name="Problems">A line for each backend that is not used or not by all, and for each setting of the system that is in the way.</param>
internal sealed record NatTargets(IReadOnlyList<NatTarget> IPv4, IReadOnlyList<NatTarget> IPv6, IReadOnlyList<string> Problems)
{
    /// <summary>Looks at every backend as the kernel will.</summary>
    /// <param name="addresses">The listener's addresses.</param>
    /// <param name="targets">Backends that can take connections.</param>
    /// <param name="kernel">Settings of the system.</param>
    public static NatTargets Of(IReadOnlyList<IPEndPoint> addresses, IReadOnlyList<NatTarget> targets, NatKernel kernel)
    {
        var problems = new List<string>();
        var ipv4 = new Family("IPv4", [.. addresses.Select(address => address.Address).Where(address => address.AddressFamily == AddressFamily.InterNetwork || address.Equals(IPAddress.IPv6Any))]);
        var ipv6 = new Family("IPv6", [.. addresses.Select(address => address.Address).Where(address => address.AddressFamily == AddressFamily.InterNetworkV6)]);
        var used = new Dictionary<Family, List<NatTarget>> { [ipv4] = [], [ipv6] = [] };
        foreach (var target in targets)
        {
            var family = target.EndPoint.AddressFamily == AddressFamily.InterNetwork ? ipv4 : ipv6;
            if (family.Addresses.Length == 0)
            {
                if (!targets.Any(other => other.Backend == target.Backend && other.EndPoint.AddressFamily != target.EndPoint.AddressFamily))
                {
                    problems.Add($"backend {target.Backend} is not used: {target.EndPoint} is {family.Name}, the listener's address is not, and the kernel does not translate between them");
                }
            }
            else if (family.IsLoopback && !kernel.Owns(target.EndPoint.Address) && !(family == ipv4 && kernel.RoutesLoopback))
            {
                problems.Add($"backend {target.Backend} is not used: {target.EndPoint} is another machine's, and the kernel sends nothing there from {family.Addresses[0]}{(family == ipv4 ? " unless net.ipv4.conf.all.route_localnet is 1" : "")}; give the listener an address that is not loopback");
            }
            else
            {
                used[family].Add(target);
                if (!family.IsLoopback && IPAddress.IsLoopback(target.EndPoint.Address) && !(family == ipv4 && kernel.RoutesLoopback))
                {
                    problems.Add($"backend {target.Backend} gets connections of this machine only: the kernel takes none to {target.EndPoint.Address} from outside");
                }
            }
        }

        AddForwarding(problems, ipv4, used[ipv4], kernel, kernel.ForwardsIPv4, "net.ipv4.ip_forward");
        AddForwarding(problems, ipv6, used[ipv6], kernel, kernel.ForwardsIPv6, "net.ipv6.conf.all.forwarding");
        return new(used[ipv4], used[ipv6], problems);
    }

    private static void AddForwarding(List<string> problems, Family family, List<NatTarget> used, NatKernel kernel, bool forwards, string setting)
    {
        if (!forwards && !family.IsLoopback && used.Any(target => !kernel.Owns(target.EndPoint.Address)))
        {
            problems.Add($"{setting} is 0: the kernel forwards {family.Name} for no other machine, so only clients of this machine are served; 'sysctl -w {setting}=1' changes that");
        }
    }

    private sealed record Family(string Name, IPAddress[] Addresses)
    {
        public bool IsLoopback => Array.TrueForAll(Addresses, IPAddress.IsLoopback);
    }
}
