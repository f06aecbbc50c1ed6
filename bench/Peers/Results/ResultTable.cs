using Spectre.Console;

namespace Peers.Results;

/// <summary>A scenario's results in the terminal.</summary>
internal static class ResultTable
{
    public static Table Of(ScenarioReport report)
    {
        var table = new Table { Title = new TableTitle(report.Scenario.Name, Style.Plain.Decoration(Decoration.Bold)), Caption = new TableTitle($"{report.Scenario.Description}. Ratios: higher is better, median (lowest–highest round). *Not comparable between machines.") }
            .Border(TableBorder.Simple)
            .AddColumns("", "contender")
            .AddColumn("to direct")
            .AddColumn("to best peer")
            .AddColumn(new TableColumn($"CPU s a million {report.WorkUnit}").RightAligned())
            .AddColumn(new TableColumn("peak MiB").RightAligned())
            .AddColumn(new TableColumn("absolute*").RightAligned());
        foreach (var group in report.Rows)
        {
            var title = $"{group.Key.Case} {group.Key.Figure}".Trim();
            foreach (var row in group)
            {
                table.AddRow(Cells(title, row));
                title = "";
            }
        }

        return table;
    }

    private static string[] Cells(string title, CaseReport row) => row.Invalid is not null
        ? [title.EscapeMarkup(), row.Contender, "[red]invalid[/]"]
        :
        [
            title.EscapeMarkup(),
            row.Contender,
            Format.Ratio(row.RatioToDirect),
            Format.Ratio(row.RatioToBestPeer),
            Format.OrNothing(row.CpuSecondsPerMillion),
            Format.OrNothing(row.PeakMemoryMiB),
            Format.Absolute(row.Absolute, row.Unit),
        ];
}
