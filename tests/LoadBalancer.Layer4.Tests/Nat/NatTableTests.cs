using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;
using LoadBalancer.Layer4.Tests.Nat.Support;
using LoadBalancer.Layer4.Tests.Support;

namespace LoadBalancer.Layer4.Tests.Nat;

/// <summary>What happens to the kernel's ruleset, and what does not.</summary>
public sealed class NatTableTests
{
    private const string Others = """
        table inet filter {
            chain input { type filter hook input priority filter; policy accept; tcp dport 22 counter accept; }
        }
        table ip nat {
            chain postrouting { type nat hook postrouting priority srcnat; policy accept; oifname "nowhere" masquerade; }
        }
        table inet loadbalancer_of_somebody_else {
            comment "not what it looks like"
        }

        """;

    [Fact]
    public async Task Tables_of_others_are_as_they_were_while_it_runs_and_after_it_stops()
    {
        await using var lab = await NatLab.StartAsync();
        Assert.Equal(0, (await SystemTool.Find("nft", lab.Prefixed)!.RunAsync(["-f", "-"], Others)).ExitCode);
        var before = await lab.RulesetAsync();
        await using (var balancer = await LabBalancer.StartAsync(lab, lab.Front))
        {
            var own = (await lab.RunAsync("nft", "list", "table", "inet", balancer.System.Table.Name)).Output;

            Assert.Contains("listener_echo", own);
            Assert.Equal(before, (await lab.RulesetAsync()).Replace(own, "", StringComparison.Ordinal));
        }

        Assert.Equal(before, await lab.RulesetAsync());
    }

    [Fact]
    public async Task What_a_crashed_process_left_is_replaced_and_what_other_crashed_balancers_left_goes()
    {
        await using var lab = await NatLab.StartAsync();
        var nft = SystemTool.Find("nft", lab.Prefixed)!;
        var service = new NatService("old", 1, Layer4Protocol.Tcp, [new(lab.Front, 80)]) { IPv4 = [new(IPAddress.Loopback, 81)] };
        // A crash leaves the table without the socket of its name; so does this.
        foreach (var name in (string[])[lab.Name, $"{lab.Name} other"])
        {
            var left = NatRuleset.TableOf(name);
            Assert.Equal(0, (await nft.RunAsync(["-f", "-"], NatRuleset.Create(left, name, 1) + NatRuleset.Add(left, service))).ExitCode);
        }

        await using var table = await NatTable.CreateAsync(nft, lab.Name);

        Assert.Equal(NatRuleset.TableOf(lab.Name), table.Name);
        Assert.Equal($"table inet {table.Name}", (await lab.RunAsync("nft", "list", "tables")).Output.Trim());
        Assert.DoesNotContain("listener_old", await lab.RulesetAsync());
    }

    [Fact]
    public async Task A_table_of_a_live_process_is_left_alone_also_by_one_of_the_same_name()
    {
        await using var lab = await NatLab.StartAsync();
        var nft = SystemTool.Find("nft", lab.Prefixed)!;
        await using var first = await NatTable.CreateAsync(nft, lab.Name);
        await using (var second = await NatTable.CreateAsync(nft, lab.Name))
        {
            Assert.Equal($"{first.Name}_2", second.Name);
            Assert.Equal([$"table inet {first.Name}", $"table inet {second.Name}"], (await lab.RunAsync("nft", "list", "tables")).Output.Trim().Split('\n').Order());
        }

        Assert.Equal($"table inet {first.Name}", (await lab.RunAsync("nft", "list", "tables")).Output.Trim());
    }

    [Fact]
    public async Task A_change_keeps_the_counters_and_a_script_with_a_fault_changes_nothing()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);
        await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 4);

        balancer.Pool.SetMembers([lab.Servers[0].IPv4]);
        await balancer.SendsToAsync(1);
        var before = await lab.RulesetAsync();
        var table = balancer.System.Table;
        var failure = await Assert.ThrowsAsync<NatException>(() => table.ApplyAsync($"flush chain inet {table.Name} {NatRuleset.Chain(balancer.Listener.Service!)}\nadd rule inet {table.Name} no_such_chain accept\n"));

        Assert.StartsWith("nft: ", failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.Equal(before, await lab.RulesetAsync());
        await Eventually.TrueAsync(() => balancer.Statistics.Accepted == 4);
    }

    [Fact]
    public async Task Rules_that_somebody_flushed_are_put_back()
    {
        await using var lab = await NatLab.StartAsync();
        await using var balancer = await LabBalancer.StartAsync(lab, lab.Front);
        Assert.Equal(0, (await lab.RunAsync("nft", "flush", "ruleset")).ExitCode);

        balancer.Pool.SetMembers([lab.Servers[2].IPv4]);
        await balancer.SendsToAsync(1);

        Assert.Equal(["s3"], await NatLab.AskAsync(lab.Far, new(lab.Front, NatLab.Port), 1));
    }

    [Fact]
    public async Task Listeners_come_and_go_without_a_trace()
    {
        await using var lab = await NatLab.StartAsync();
        await using var table = await NatTable.CreateAsync(SystemTool.Find("nft", lab.Prefixed)!, lab.Name);
        var empty = await lab.RulesetAsync();
        NatService[] services =
        [
            new("tcp", 1, Layer4Protocol.Tcp, [new(lab.Front, 80), new(lab.FrontIPv6, 80)]) { IPv4 = [new(IPAddress.Loopback, 81)], IPv6 = [new(IPAddress.IPv6Loopback, 81)] },
            new("TCP Ünicode \" } ;", 2, Layer4Protocol.Tcp, [new(IPAddress.IPv6Any, 81)]) { Pick = NatPick.AtRandom, IPv4 = [new(IPAddress.Loopback, 81), new(IPAddress.Loopback, 82)] },
            new("udp", 3, Layer4Protocol.Udp, [new(IPAddress.Any, 80)]) { Pick = NatPick.ByClient, IPv4 = [new(IPAddress.Loopback, 81)], Denied = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("10.1.0.0/16"), IPNetwork.Parse("::/0")] },
        ];

        foreach (var service in services)
        {
            await table.ApplyAsync(NatRuleset.Add(table.Name, service));
        }

        Assert.Equal(9, (await table.ReadCountersAsync()).Count);
        foreach (var service in services)
        {
            await table.ApplyAsync(NatRuleset.Remove(table.Name, service));
        }

        Assert.Equal(empty, await lab.RulesetAsync());
    }

    [Fact]
    public void Counters_are_read_from_what_nft_says() => Assert.Equal(
        new Dictionary<string, long> { ["accepted_echo"] = 25, ["refused_echo"] = 0 },
        NatTable.ParseCounters("""
            {"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
             {"counter": {"family": "inet", "name": "accepted_echo", "table": "loadbalancer_x", "handle": 6, "packets": 25, "bytes": 1500}},
             {"counter": {"family": "inet", "name": "refused_echo", "table": "loadbalancer_x", "handle": 7, "packets": 0, "bytes": 0}}]}
            """));
}
