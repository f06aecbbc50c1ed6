using Peers.Contenders;
using Peers.Loads;
using Peers.Scenarios;

namespace Peers.Results;

/// <summary>Makes reports of samples.</summary>
internal static class ReportBuilder
{
    private const double Million = 1e6;

    /// <summary>A report for each contender, in the order of the contenders.</summary>
    /// <param name="cases">What was measured.</param>
    /// <param name="rounds">How often.</param>
    public static IReadOnlyList<ContenderReport> Build(IReadOnlyList<CaseSamples> cases, int rounds)
    {
        var names = AllContenders.List.Select(contender => contender.Name)
            .Where(name => cases.Any(@case => @case.Contenders.Any(samples => samples.Contender.Name == name)));
        var comparisons = cases.SelectMany(@case => @case.Case.Load.Figures.Select((figure, index) => new Comparison(@case, figure, index, rounds))).ToArray();
        return [.. names.Select(name => BuildOne(name, cases, comparisons, rounds))];
    }

    private static ContenderReport BuildOne(string name, IReadOnlyList<CaseSamples> cases, IReadOnlyList<Comparison> comparisons, int rounds)
    {
        var own = cases.SelectMany(@case => @case.Contenders).Where(samples => samples.Contender.Name == name).ToArray();
        var taking = comparisons.Where(comparison => comparison.Find(name) is not null).ToArray();
        var invalid = own.Select(samples => samples.Problem).FirstOrDefault(problem => problem is not null);
        return new(
            name,
            invalid is null ? MeanOverCases(taking, comparison => comparison.ToDirect(name), rounds) : null,
            invalid is null ? MeanOverCases(taking, comparison => comparison.ToBestPeer(name), rounds) : null,
            invalid is null ? rounds : 0,
            invalid is null ? CpuPerMillion(own) : null,
            invalid is null ? Peak(own) : null,
            invalid,
            [.. taking.Select(comparison => BuildCase(name, comparison))]);
    }

    private static CaseReport BuildCase(string name, Comparison comparison)
    {
        var samples = comparison.Find(name)!;
        var valid = samples.Problem is null;
        return new(
            comparison.Case.Name,
            comparison.Figure.Name,
            name,
            comparison.Figure.Unit,
            Spread.Of(comparison.Absolute(name).OfType<double>()),
            Spread.Of(comparison.ToDirect(name).OfType<double>()),
            Spread.Of(comparison.ToBestPeer(name).OfType<double>()),
            valid ? CpuPerMillion([samples]) : null,
            valid ? Peak([samples]) : null,
            samples.Problem);
    }

    // A figure that direct does not have, such as memory, has no ratio in any round and is left out.
    private static Spread? MeanOverCases(IReadOnlyList<Comparison> taking, Func<Comparison, IReadOnlyList<double?>> ratios, int rounds)
    {
        var comparable = taking.Select(ratios).Where(ofCase => ofCase.All(ratio => ratio is not null)).ToArray();
        return comparable.Length == 0
            ? null
            : Spread.Of(Enumerable.Range(0, rounds).Select(round => RoundRatios.Mean(comparable.Select(ofCase => ofCase[round]!.Value))));
    }

    private static double? CpuPerMillion(IReadOnlyList<ContenderSamples> samples)
    {
        var rounds = samples.SelectMany(ofCase => ofCase.Rounds).ToArray();
        var work = rounds.Sum(sample => sample.Work);
        return work > 0 ? rounds.Sum(sample => sample.CpuSeconds) / work * Million : null;
    }

    private static double Peak(IReadOnlyList<ContenderSamples> samples) =>
        samples.SelectMany(ofCase => ofCase.Rounds).Max(sample => sample.PeakMebibytes);

    /// <summary>One figure of one case, over all contenders and rounds.</summary>
    private sealed class Comparison(CaseSamples samples, Figure figure, int index, int rounds)
    {
        public Case Case => samples.Case;

        public Figure Figure => figure;

        public ContenderSamples? Find(string name) => samples.Contenders.FirstOrDefault(contender => contender.Contender.Name == name);

        public IReadOnlyList<double?> Absolute(string name) => [.. Rounds(round => ValueOf(Find(name), round))];

        public IReadOnlyList<double?> ToDirect(string name) =>
            Against(name, round => ValueOf(samples.Contenders.FirstOrDefault(contender => contender.Contender.IsDirect), round));

        public IReadOnlyList<double?> ToBestPeer(string name) =>
            Against(name, round => RoundRatios.Best(samples.Contenders.Where(contender => contender.Contender.IsPeer).Select(peer => ValueOf(peer, round)), figure.HigherIsBetter));

        private IReadOnlyList<double?> Against(string name, Func<int, double?> reference) =>
            [.. Rounds(round => RoundRatios.Of(ValueOf(Find(name), round), reference(round), figure.HigherIsBetter))];

        private IEnumerable<double?> Rounds(Func<int, double?> value) => Enumerable.Range(0, rounds).Select(value);

        private double? ValueOf(ContenderSamples? contender, int round) =>
            contender is { Problem: null } ? contender.Rounds[round].Values[index] : null;
    }
}
