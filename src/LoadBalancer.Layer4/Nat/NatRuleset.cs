using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer4.Nat;

/// <summary>
/// Writes nft scripts (nft(8)). Each is one transaction: the kernel takes all of it or nothing, and no packet sees half
/// of it. A listener is a chain of its own, found by a map from address and port; a change replaces that chain alone.
/// </summary>
internal static class NatRuleset
{
    /// <summary>How the names of all tables of this product start.</summary>
    public const string TablePrefix = "loadbalancer_";

    /// <summary>How the comments of all tables of this product start.</summary>
    public const string CommentPrefix = "load balancer ";

    // Bits of the connection's label, 0 to 127; any three that nobody else uses.
    private const int Translated = 113;
    private const int SameSide = 114;
    private const int Refused = 115;
    private const int LongestName = 60;

    /// <summary>The table of a balancer.</summary>
    /// <param name="balancer">The balancer's name.</param>
    public static string TableOf(string balancer) => TablePrefix + Identifier(balancer);

    /// <summary>Puts the table in place, without listeners; one of that name, left by a process that crashed, goes in the same moment.</summary>
    /// <remarks>
    /// Marks on connections are conntrack labels and not marks: each is a bit of its own, so that nobody else's are overwritten.
    /// <list type="bullet">
    /// <item>Translation is asked in <c>prerouting</c> for packets that arrive and in <c>output</c> for those of this machine.
    /// What arrives for a loopback address is not asked: it can only be forged.</item>
    /// <item>A refusal happens in a filter chain, which a translation may not be in. It looks at one direction only,
    /// for its own answer belongs to the same connection.</item>
    /// <item>A connection leaves with the balancer's address where the backend would not answer through the balancer:
    /// the backend is behind the interface that the client came by, or the client is this machine.</item>
    /// </list>
    /// </remarks>
    public static string Create(string table, string balancer, int processId) => string.Create(CultureInfo.InvariantCulture, $$"""
        add table inet {{table}}
        delete table inet {{table}}
        table inet {{table}} {
            comment "{{CommentPrefix}}{{Identifier(balancer)}}, process {{processId}}"
            map ipv4 { type ipv4_addr . inet_proto . inet_service : verdict; }
            map ipv6 { type ipv6_addr . inet_proto . inet_service : verdict; }
            map any { type inet_proto . inet_service : verdict; }
            chain translate {
                ip daddr . meta l4proto . th dport vmap @ipv4
                ip6 daddr . meta l4proto . th dport vmap @ipv6
                fib daddr type local meta l4proto . th dport vmap @any
            }
            chain prerouting {
                type nat hook prerouting priority dstnat; policy accept;
                ip daddr 127.0.0.0/8 return
                ip6 daddr ::1 return
                jump translate
            }
            chain output {
                type nat hook output priority -100; policy accept;
                jump translate
            }
            chain refuse {
                ct label {{Refused}} ct direction original meta l4proto tcp reject with tcp reset
                ct label {{Refused}} ct direction original reject with icmpx type port-unreachable
            }
            chain refuse_input {
                type filter hook input priority filter; policy accept;
                jump refuse
            }
            chain refuse_output {
                type filter hook output priority filter; policy accept;
                jump refuse
            }
            chain forward {
                type filter hook forward priority filter; policy accept;
                ct label {{Translated}} ct state new fib daddr . iif oif exists ct label set {{SameSide}}
            }
            chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ct label {{SameSide}} masquerade
                ct label {{Translated}} fib saddr type local oifname != "lo" masquerade
            }
        }

        """);

    /// <summary>Adds a listener to the table.</summary>
    public static string Add(string table, NatService service)
    {
        var script = new StringBuilder();
        foreach (var counter in Counters(service))
        {
            script.Append(CultureInfo.InvariantCulture, $"add counter inet {table} {counter}\n");
        }

        script.Append(CultureInfo.InvariantCulture, $"add chain inet {table} {Chain(service)}\n");
        foreach (var (map, key) in Keys(service))
        {
            script.Append(CultureInfo.InvariantCulture, $"add element inet {table} {map} {{ {key} : jump {Chain(service)} }}\n");
        }

        return script.Append(Update(table, service)).ToString();
    }

    /// <summary>Gives a listener that is in the table other backends. Its counters go on; connections that are open stay where they are.</summary>
    public static string Update(string table, NatService service)
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"flush chain inet {table} {Chain(service)}\n");
        AppendDenials(script, table, service, AddressFamily.InterNetwork);
        AppendDenials(script, table, service, AddressFamily.InterNetworkV6);
        AppendTranslation(script, table, service, AddressFamily.InterNetwork, service.IPv4);
        AppendTranslation(script, table, service, AddressFamily.InterNetworkV6, service.IPv6);
        script.Append(CultureInfo.InvariantCulture, $"add rule inet {table} {Chain(service)} counter name {WithoutBackend(service)} ct label set {Refused} accept\n");
        return script.ToString();
    }

    /// <summary>Takes a listener out of the table.</summary>
    public static string Remove(string table, NatService service)
    {
        var script = new StringBuilder();
        foreach (var (map, key) in Keys(service))
        {
            script.Append(CultureInfo.InvariantCulture, $"delete element inet {table} {map} {{ {key} }}\n");
        }

        script.Append(CultureInfo.InvariantCulture, $"flush chain inet {table} {Chain(service)}\n");
        script.Append(CultureInfo.InvariantCulture, $"delete chain inet {table} {Chain(service)}\n");
        foreach (var counter in Counters(service))
        {
            script.Append(CultureInfo.InvariantCulture, $"delete counter inet {table} {counter}\n");
        }

        return script.ToString();
    }

    /// <summary>Removes the table, and no other.</summary>
    public static string Delete(string table) => $"add table inet {table}\ndelete table inet {table}\n";

    /// <summary>The counter of connections that got a backend.</summary>
    public static string Accepted(NatService service) => "accepted_" + Identifier(service);

    /// <summary>The counter of connections that got none.</summary>
    public static string WithoutBackend(NatService service) => "no_backend_" + Identifier(service);

    /// <summary>The counter of connections from networks that may not connect.</summary>
    public static string Denials(NatService service) => "denied_" + Identifier(service);

    /// <summary>The listener's chain.</summary>
    public static string Chain(NatService service) => "listener_" + Identifier(service);

    private static string[] Counters(NatService service) => [Accepted(service), WithoutBackend(service), Denials(service)];

    private static void AppendDenials(StringBuilder script, string table, NatService service, AddressFamily family)
    {
        var (keyword, nfproto) = Names(family);
        var denied = Outermost(service.Denied, family);
        var allowed = Outermost(service.Allowed, family);
        if (denied.Length > 0)
        {
            AppendDenial(script, table, service, $"{keyword} saddr {{ {string.Join(", ", denied)} }}");
        }

        if (allowed.Length > 0)
        {
            AppendDenial(script, table, service, $"{keyword} saddr != {{ {string.Join(", ", allowed)} }}");
        }
        else if (service.Allowed.Count > 0)
        {
            AppendDenial(script, table, service, $"meta nfproto {nfproto}");
        }
    }

    // Accepted here means: asked no further. The label has it refused.
    private static void AppendDenial(StringBuilder script, string table, NatService service, string match) => script.Append(
        CultureInfo.InvariantCulture, $"add rule inet {table} {Chain(service)} {match} counter name {Denials(service)} ct label set {Refused} accept\n");

    // nft refuses sets in which one network is in another; networks that do not nest have nothing in common.
    private static IPNetwork[] Outermost(IReadOnlyList<IPNetwork> networks, AddressFamily family) =>
        [.. networks.Distinct().Where(network => network.BaseAddress.AddressFamily == family
            && !networks.Any(other => other.PrefixLength < network.PrefixLength && other.Contains(network.BaseAddress)))];

    private static void AppendTranslation(StringBuilder script, string table, NatService service, AddressFamily family, IReadOnlyList<IPEndPoint> slots)
    {
        if (slots.Count == 0)
        {
            return;
        }

        var (keyword, nfproto) = Names(family);
        var number = service.Pick switch
        {
            NatPick.InTurn => $"numgen inc mod {slots.Count}",
            NatPick.AtRandom => $"numgen random mod {slots.Count}",
            // A fixed seed: a client stays where it is when the rule is replaced.
            NatPick.ByClient => $"jhash {keyword} saddr & {Mask(service.Prefix, family)} mod {slots.Count} seed 0x6c62",
            _ => throw new ArgumentOutOfRangeException(nameof(service), service.Pick, "is no way to pick"),
        };
        script.Append(CultureInfo.InvariantCulture, $"add rule inet {table} {Chain(service)} meta nfproto {nfproto} meta l4proto {Name(service.Protocol)} ");
        script.Append(CultureInfo.InvariantCulture, $"ct label set {Translated} counter name {Accepted(service)} dnat {keyword} to {number} map {{ ");
        script.AppendJoin(", ", slots.Select((slot, index) => string.Create(CultureInfo.InvariantCulture, $"{index} : {slot.Address} . {slot.Port}")));
        script.Append(" }\n");
    }

    private static IEnumerable<(string Map, string Key)> Keys(NatService service) => service.Addresses.Select(endPoint =>
    {
        var rest = string.Create(CultureInfo.InvariantCulture, $"{Name(service.Protocol)} . {endPoint.Port}");
        return endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any) ? ("any", rest)
            : endPoint.AddressFamily == AddressFamily.InterNetwork ? ("ipv4", $"{endPoint.Address} . {rest}")
            : ("ipv6", $"{endPoint.Address} . {rest}");
    });

    private static (string Keyword, string NfProto) Names(AddressFamily family) =>
        family == AddressFamily.InterNetwork ? ("ip", "ipv4") : ("ip6", "ipv6");

    private static IPAddress Mask(SourcePrefixOptions prefix, AddressFamily family)
    {
        var (length, bits) = family == AddressFamily.InterNetwork ? (4, prefix.IPv4) : (16, prefix.IPv6);
        return new([.. Enumerable.Range(0, length).Select(index => (byte)(0xff << (8 - Math.Clamp(bits - (index * 8), 0, 8))))]);
    }

    private static string Identifier(NatService service) => string.Create(CultureInfo.InvariantCulture, $"{Identifier(service.Name)}_{service.Number}");

    private static string Name(Layer4Protocol protocol) => protocol == Layer4Protocol.Tcp ? "tcp" : "udp";

    // Names are free text and do not tell capitals from small letters; nft takes letters, digits and '_', and has a limit.
    private static string Identifier(string name)
    {
        var identifier = new StringBuilder();
        foreach (var character in name.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(character))
            {
                identifier.Append(character);
            }
            else
            {
                identifier.Append(CultureInfo.InvariantCulture, $"_{(int)character:x2}");
            }
        }

        return identifier.Length <= LongestName ? identifier.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"{identifier.ToString(0, LongestName - 17)}_{System.IO.Hashing.XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(identifier.ToString())):x16}");
    }
}
