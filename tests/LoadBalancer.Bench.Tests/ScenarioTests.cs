using Peers.Contenders;
using Peers.Scenarios;

namespace LoadBalancer.Bench.Tests;

public class ScenarioTests
{
    [Fact]
    public void Names_are_those_of_the_documentation() => Assert.Equal(
        ["l4-requests", "l4-bulk", "l4-connections", "l4-idle", "l4-nat", "udp", "l7-requests", "l7-h2", "l7-tls", "l7-cached", "l7-connections", "l7-telemetry", "policies", "startup", "scale"],
        AllScenarios.Names);

    [Fact]
    public void We_take_part_in_every_case()
    {
        var ours = AllContenders.List.Single(contender => contender.Name == AllContenders.Ours);

        Assert.All(AllScenarios.List(65536).SelectMany(scenario => scenario.Cases), @case => Assert.True(ours.Can(@case.JobOf(ours), @case.Protocol, @case.Policy)));
    }

    [Fact]
    public void Every_case_has_a_peer() => Assert.All(
        AllScenarios.List(65536).SelectMany(scenario => scenario.Cases),
        @case => Assert.Contains(AllContenders.List, contender => contender.IsPeer && contender.Can(@case.JobOf(contender), @case.Protocol, @case.Policy)));
}
