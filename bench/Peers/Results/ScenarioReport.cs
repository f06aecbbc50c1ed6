using Peers.Scenarios;

namespace Peers.Results;

/// <summary>A scenario and what came of it.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Contenders">A report for each contender that took part.</param>
internal sealed record ScenarioReport(Scenario Scenario, IReadOnlyList<ContenderReport> Contenders)
{
    /// <summary>What a million of <see cref="ContenderReport.CpuSecondsPerMillion"/> is.</summary>
    public string WorkUnit => Scenario.Cases[0].Load.WorkUnit;

    /// <summary>The single figures, case by case.</summary>
    public IEnumerable<IGrouping<(string Case, string Figure), CaseReport>> Rows => Contenders
        .SelectMany(contender => contender.Cases)
        .GroupBy(row => (row.Case, row.Figure))
        .OrderBy(group => CaseIndex(group.Key.Case))
        .ThenBy(group => FigureIndex(group.Key.Figure));

    private int CaseIndex(string name) => Scenario.Cases.Index().First(@case => @case.Item.Name == name).Index;

    private int FigureIndex(string name) => Scenario.Cases[0].Load.Figures.Index().First(figure => figure.Item.Name == name).Index;
}
