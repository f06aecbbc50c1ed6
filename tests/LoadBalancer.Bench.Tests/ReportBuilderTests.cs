using Peers.Contenders;
using Peers.Loads;
using Peers.Results;
using Peers.Scenarios;

namespace LoadBalancer.Bench.Tests;

public class ReportBuilderTests
{
    private const int Rounds = 3;

    [Fact]
    public void Ratios_compare_within_a_round_and_then_take_the_median()
    {
        // The machine becomes half as fast in the second round: no ratio notices.
        var reports = Build(Case("", ("direct", [100, 50, 100]), ("ours", [40, 20, 50]), ("haproxy", [50, 25, 40]), ("nginx", [20, 20, 80])));

        var ours = reports.Single(report => report.Contender == "ours");
        Assert.Equal(new Spread(0.4, 0.4, 0.5), ours.RatioToDirect);
        Assert.Equal(new Spread(0.8, 0.625, 0.8), ours.RatioToBestPeer);
        Assert.Equal(Rounds, ours.Rounds);
    }

    [Fact]
    public void The_best_peer_is_another_one_in_each_round()
    {
        var reports = Build(Case("", ("direct", [1, 1, 1]), ("haproxy", [50, 25, 40]), ("nginx", [20, 20, 80])));

        Assert.Equal(new Spread(1, 0.5, 1), reports.Single(report => report.Contender == "haproxy").RatioToBestPeer);
        Assert.Equal(new Spread(0.8, 0.4, 1), reports.Single(report => report.Contender == "nginx").RatioToBestPeer);
    }

    [Fact]
    public void Several_cases_make_one_ratio_by_their_geometric_mean()
    {
        var reports = Build(
            Case("a", ("direct", [10, 10, 10]), ("ours", [5, 5, 5])),
            Case("b", ("direct", [10, 10, 10]), ("ours", [20, 20, 20])));

        var ours = reports.Single(report => report.Contender == "ours");
        Assert.Equal(1, ours.RatioToDirect!.Median, 12);
        Assert.Equal([0.5, 2], ours.Cases.Select(row => row.RatioToDirect!.Median));
    }

    [Fact]
    public void Processor_time_is_that_of_all_rounds_for_the_work_of_all_rounds()
    {
        var samples = new CaseSamples(
            new Case("", "l7", new WrkLoad("/13")),
            [new(Contender("ours"), [new([1.0], 100_000, 2, 10), new([1.0], 300_000, 4, 30), new([1.0], 100_000, 4, 20)], null)]);

        var ours = Assert.Single(ReportBuilder.Build([samples], Rounds));
        Assert.Equal(20, ours.CpuSecondsPerMillion);
        Assert.Equal(30, ours.PeakMemoryMiB);
        Assert.Null(ours.RatioToDirect);
    }

    [Fact]
    public void A_contender_with_a_problem_has_no_figures_and_is_nobodys_best_peer()
    {
        var valid = Case("", ("direct", [100, 100, 100]), ("ours", [50, 50, 50]), ("nginx", [50, 50, 50]));
        var samples = valid with { Contenders = [.. valid.Contenders, new(Contender("haproxy"), [new([1000.0], 1, 1, 1)], "read errors")] };

        var reports = ReportBuilder.Build([samples], Rounds);
        var haproxy = reports.Single(report => report.Contender == "haproxy");
        Assert.Equal("read errors", haproxy.Invalid);
        Assert.Equal(0, haproxy.Rounds);
        Assert.Null(haproxy.RatioToDirect);
        Assert.Null(haproxy.CpuSecondsPerMillion);
        Assert.Null(haproxy.Cases[0].Absolute);
        Assert.Equal(1, reports.Single(report => report.Contender == "ours").RatioToBestPeer!.Median);
    }

    private static IReadOnlyList<ContenderReport> Build(params CaseSamples[] cases) => ReportBuilder.Build(cases, Rounds);

    private static CaseSamples Case(string name, params (string Contender, double[] Values)[] contenders) => new(
        new Case(name, "l7", new WrkLoad("/13")),
        [.. contenders.Select(row => new ContenderSamples(Contender(row.Contender), [.. row.Values.Select(value => new Sample([value], value, 1, 10))], null))]);

    private static Contender Contender(string name) => AllContenders.List.Single(contender => contender.Name == name);
}
