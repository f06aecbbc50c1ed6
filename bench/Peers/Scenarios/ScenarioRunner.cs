using Peers.Contenders;

namespace Peers.Scenarios;

/// <summary>Measures a scenario: warm-up, then rounds in which every contender runs once, in an order that rotates.</summary>
internal sealed class ScenarioRunner(Bench bench, PeersOptions options, IReadOnlyList<Contender> contenders)
{
    // The runtime compiles hot code again in the background, for which two cores under full load leave little: what a
    // warm-up of six seconds on end does not reach, three of one second with rests do.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(200);

    /// <summary>Starts, warm-ups and runs of a scenario.</summary>
    public int StepsOf(Scenario scenario) => scenario.Cases.Sum(@case => ContendersOf(@case).Count * (1 + options.WarmUps + options.Rounds));

    /// <exception cref="BenchException">The backends did not start.</exception>
    public async Task<IReadOnlyList<CaseSamples>> RunAsync(Scenario scenario, IProgressReport progress, CancellationToken cancellation)
    {
        var results = new List<CaseSamples>();
        foreach (var @case in scenario.Cases)
        {
            results.Add(await RunAsync(@case, ContendersOf(@case), progress, cancellation));
        }

        return results;
    }

    private List<Contender> ContendersOf(Case @case) =>
        [.. contenders.Where(contender => (@case.WithTelemetry || !contender.TellsMore) && contender.Can(@case.JobOf(contender), @case.Protocol, @case.Policy))];

    private async Task<CaseSamples> RunAsync(Case @case, IReadOnlyList<Contender> taking, IProgressReport progress, CancellationToken cancellation)
    {
        await using var fleet = await BackendFleet.StartAsync(bench, @case, cancellation);
        var runs = taking.Select(contender => new ContenderRun(contender)).ToArray();
        try
        {
            await EachAsync(runs, "starting", async run => run.Trial = @case.IsStartup
                ? new StartupTrial(bench, @case, run.Contender, fleet)
                : await RunningTrial.StartAsync(bench, @case, run.Contender, fleet, cancellation));

            for (var warmUp = 0; warmUp < options.WarmUps; warmUp++)
            {
                await EachAsync(runs, "warming up", async run =>
                {
                    await run.Trial!.WarmUpAsync(cancellation);
                    await Task.Delay(Rest, cancellation);
                });
            }

            for (var round = 0; round < options.Rounds; round++)
            {
                await EachAsync(Rotation.Order(runs, round), $"round {round + 1} of {options.Rounds}", async run =>
                    run.Samples.Add(await run.Trial!.RunAsync(SecondsOf(@case), cancellation)));
            }
        }
        finally
        {
            foreach (var run in runs.Where(run => run.Trial is not null))
            {
                await run.Trial!.DisposeAsync();
            }
        }

        return new(@case, [.. runs.Select(run => new ContenderSamples(run.Contender, run.Samples, run.Problem))]);

        async Task EachAsync(IEnumerable<ContenderRun> inOrder, string what, Func<ContenderRun, Task> step)
        {
            foreach (var run in inOrder)
            {
                progress.Begin($"{@case.Name} {run.Contender.Name}, {what}".TrimStart());
                await run.AttemptAsync(() => step(run));
                progress.Advance(1);
            }
        }
    }

    private int SecondsOf(Case @case) => Math.Max(1, (int)Math.Round(options.Seconds * @case.Share));

    private sealed class ContenderRun(Contender contender)
    {
        public Contender Contender => contender;

        public ITrial? Trial { get; set; }

        public List<Sample> Samples { get; } = [];

        public string? Problem { get; private set; }

        // One that has failed is not asked again; the others go on.
        public async Task AttemptAsync(Func<Task> step)
        {
            if (Problem is not null)
            {
                return;
            }

            try
            {
                await step();
            }
            catch (BenchException exception)
            {
                Problem = exception.Message;
            }
        }
    }
}
