using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;

namespace LoadBalancer.Layer4.Tests.Nat;

public sealed class NatRulesetTests
{
    private static readonly IPEndPoint First = IPEndPoint.Parse("10.0.0.11:7001");
    private static readonly IPEndPoint Second = IPEndPoint.Parse("10.0.0.12:7002");
    private static readonly NatService Echo = new("echo", 1, Layer4Protocol.Tcp, [IPEndPoint.Parse("192.0.2.1:7000")]) { IPv4 = [First, Second] };

    [Fact]
    public void An_update_is_the_listeners_chain_and_nothing_else() => Assert.Equal(
        """
        flush chain inet t listener_echo_1
        add rule inet t listener_echo_1 meta nfproto ipv4 meta l4proto tcp ct label set 113 counter name accepted_echo_1 dnat ip to numgen inc mod 2 map { 0 : 10.0.0.11 . 7001, 1 : 10.0.0.12 . 7002 }
        add rule inet t listener_echo_1 counter name no_backend_echo_1 ct label set 115 accept

        """,
        NatRuleset.Update("t", Echo));

    [Theory]
    [InlineData(nameof(NatPick.InTurn), "numgen inc mod 2 map")]
    [InlineData(nameof(NatPick.AtRandom), "numgen random mod 2 map")]
    [InlineData(nameof(NatPick.ByClient), "jhash ip saddr & 255.255.255.255 mod 2 seed 0x6c62 map")]
    public void The_pick_is_an_expression_of_nft(string pick, string expected) =>
        Assert.Contains(expected, NatRuleset.Update("t", Echo with { Pick = Enum.Parse<NatPick>(pick) }));

    [Fact]
    public void Families_have_rules_of_their_own()
    {
        var script = NatRuleset.Update("t", Echo with { Protocol = Layer4Protocol.Udp, Pick = NatPick.ByClient, IPv6 = [IPEndPoint.Parse("[fd00::1]:7001")] });

        Assert.Contains("meta nfproto ipv4 meta l4proto udp", script);
        Assert.Contains("meta nfproto ipv6 meta l4proto udp", script);
        Assert.Contains("dnat ip6 to jhash ip6 saddr & ffff:ffff:ffff:ffff:: mod 1 seed 0x6c62 map { 0 : fd00::1 . 7001 }", script);
    }

    [Theory]
    [InlineData(20, 60, "255.255.240.0", "ffff:ffff:ffff:fff0::")]
    [InlineData(1, 128, "128.0.0.0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void Only_the_prefix_of_a_client_is_hashed(int bits, int bitsIPv6, string mask, string maskIPv6)
    {
        var script = NatRuleset.Update("t", Echo with { Pick = NatPick.ByClient, IPv6 = [IPEndPoint.Parse("[fd00::1]:7001")], Prefix = new() { IPv4 = bits, IPv6 = bitsIPv6 } });

        Assert.Contains($"jhash ip saddr & {mask} mod", script);
        Assert.Contains($"jhash ip6 saddr & {maskIPv6} mod", script);
    }

    [Fact]
    public void Networks_are_rules_before_the_translation_without_those_inside_others() => Assert.StartsWith(
        """
        flush chain inet t listener_echo_1
        add rule inet t listener_echo_1 ip saddr { 10.0.0.0/8, 192.0.2.7/32 } counter name denied_echo_1 ct label set 115 accept
        add rule inet t listener_echo_1 ip saddr != { 0.0.0.0/0 } counter name denied_echo_1 ct label set 115 accept
        add rule inet t listener_echo_1 meta nfproto ipv6 counter name denied_echo_1 ct label set 115 accept
        add rule inet t listener_echo_1 meta nfproto ipv4 meta l4proto tcp
        """,
        NatRuleset.Update("t", Echo with
        {
            Denied = [IPNetwork.Parse("10.1.0.0/16"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.7/32"), IPNetwork.Parse("10.0.0.0/8")],
            Allowed = [IPNetwork.Parse("0.0.0.0/0")],
        }));

    [Fact]
    public void Without_a_backend_only_the_refusal_is_left() => Assert.Equal(
        "flush chain inet t listener_echo_1\nadd rule inet t listener_echo_1 counter name no_backend_echo_1 ct label set 115 accept\n",
        NatRuleset.Update("t", Echo with { IPv4 = [] }));

    [Theory]
    [InlineData("192.0.2.1:7000", "ipv4 { 192.0.2.1 . tcp . 7000")]
    [InlineData("[fd00::1]:7000", "ipv6 { fd00::1 . tcp . 7000")]
    [InlineData("0.0.0.0:7000", "any { tcp . 7000")]
    [InlineData("[::]:7000", "any { tcp . 7000")]
    public void An_address_is_an_element_of_its_map(string address, string element)
    {
        var service = Echo with { Addresses = [IPEndPoint.Parse(address)] };

        Assert.Contains($"add element inet t {element} : jump listener_echo_1 }}\n", NatRuleset.Add("t", service));
        Assert.Contains($"delete element inet t {element} }}\n", NatRuleset.Remove("t", service));
    }

    [Fact]
    public void Names_are_told_apart_whatever_is_in_them_and_stay_short()
    {
        string[] names = ["echo", "e cho", "e_cho", "e_20cho", "é", new('x', 300), new string('x', 299) + "y", "a\" } flush ruleset #"];

        var tables = names.Select(NatRuleset.TableOf).ToArray();

        Assert.Equal("loadbalancer_echo", tables[0]);
        Assert.Equal(NatRuleset.TableOf("ECHO"), tables[0]);
        Assert.Equal(tables.Length, tables.Distinct().Count());
        Assert.All(tables, table => Assert.Matches("^loadbalancer_[a-z0-9_]{1,60}$", table));
    }

    [Fact]
    public void The_table_is_replaced_in_one_transaction_and_says_whose_it_is()
    {
        var script = NatRuleset.Create("t", "wire", 4711);

        Assert.StartsWith("add table inet t\ndelete table inet t\ntable inet t {", script);
        Assert.Contains("comment \"load balancer wire, process 4711\"", script);
    }
}
