using Peers.Contenders;
using Peers.Machine;
using Peers.Results;
using Peers.Scenarios;
using Spectre.Console;

namespace Peers;

/// <summary>One run of this program: scenario after scenario, each with its table and files as soon as it has ended.</summary>
internal sealed class Measurement(PeersOptions options, IAnsiConsole console)
{
    /// <returns>Whether every row is valid.</returns>
    /// <exception cref="BenchException">Nothing can be measured.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        if (options.WriteDocs)
        {
            ResultFiles.CheckPage();
        }

        using var bench = new Bench();
        if (options.Install)
        {
            await Programs.InstallAsync(bench.Tools, cancellation);
        }

        var machine = await MachineDescription.ReadAsync(bench.Tools, cancellation);
        foreach (var (name, value) in machine.Lines)
        {
            console.MarkupLineInterpolated($"[grey]{name}:[/] {value}");
        }

        var runner = new ScenarioRunner(bench, options, ChooseContenders());
        var reports = new List<ScenarioReport>();
        foreach (var scenario in ChooseScenarios())
        {
            reports.Add(await MeasureAsync(runner, scenario, cancellation));
        }

        if (options.WriteDocs)
        {
            ResultFiles.WritePage(Documentation.Generate(reports, machine, options, DateTimeOffset.UtcNow));
        }

        return reports.All(report => report.Contenders.All(contender => contender.Invalid is null));
    }

    private List<Contender> ChooseContenders()
    {
        var chosen = new List<Contender>();
        foreach (var contender in AllContenders.List)
        {
            if (contender.WhyMissing() is { } reason)
            {
                console.MarkupLineInterpolated($"[yellow]{reason}[/]");
            }
            else
            {
                chosen.Add(contender);
            }
        }

        return chosen;
    }

    private IEnumerable<Scenario> ChooseScenarios()
    {
        foreach (var scenario in AllScenarios.List(FileLimit.Raise()).Where(scenario => options.Scenarios.Count == 0 || options.Scenarios.Contains(scenario.Name)))
        {
            if (scenario.Cases.Select(@case => @case.Load.Program).FirstOrDefault(program => program is not null && Programs.Find(program) is null) is { } missing)
            {
                console.MarkupLineInterpolated($"[yellow]{scenario.Name} is left out: {Programs.Advice(missing)}.[/]");
            }
            else
            {
                yield return scenario;
            }
        }
    }

    private async Task<ScenarioReport> MeasureAsync(ScenarioRunner runner, Scenario scenario, CancellationToken cancellation)
    {
        var samples = await console.Progress().AutoClear(true)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(scenario.Name, maxValue: runner.StepsOf(scenario));
                return await runner.RunAsync(scenario, new TerminalProgress(task, scenario.Name), cancellation);
            });

        var report = new ScenarioReport(scenario, ReportBuilder.Build(samples, options.Rounds));
        console.Write(ResultTable.Of(report));
        foreach (var contender in report.Contenders.Where(contender => contender.Invalid is not null))
        {
            console.MarkupLineInterpolated($"[red]{scenario.Name}, {contender.Contender}: {contender.Invalid}[/]");
        }

        console.MarkupLineInterpolated($"[grey]{ResultFiles.Write(report)}[/]");
        return report;
    }
}
