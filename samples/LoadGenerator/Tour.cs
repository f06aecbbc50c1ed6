using System.Diagnostics;
using System.Globalization;
using LoadGenerator.Output;
using LoadGenerator.Steps;

namespace LoadGenerator;

/// <summary>Runs steps one after the other and prints them.</summary>
internal sealed class Tour(Balancers balancers, Action<string> write)
{
    private const int RuleWidth = 100;

    private static readonly Dictionary<string, IStep> Steps = new IStep[]
    {
        new SeesStep(), new KeptAliveLayer4Step(), new KeptAliveLayer7Step(), new ConnectionsStep(), new NatStep(), new TlsStep(), new PathsStep(),
        new CacheStep(), new LimitsStep(), new StickyStep(), new CanaryStep(), new SlowStep(), new KillStep(),
    }.ToDictionary(step => step.Name);

    public async Task<IReadOnlyList<StepResult>> RunAsync(IReadOnlyList<TourStep> steps, CancellationToken cancellation)
    {
        var results = new List<StepResult>(steps.Count);
        foreach (var step in steps)
        {
            results.Add(await RunAsync(step, cancellation));
        }

        if (results.Count > 1)
        {
            Summarize(results);
        }

        return results;
    }

    private async Task<StepResult> RunAsync(TourStep step, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        var report = new StepReport(write);
        write("");
        write($"── {step.Name}: {step.Title} ".PadRight(RuleWidth, '─'));
        foreach (var sentence in Steps[step.Name].Claim)
        {
            report.Line(sentence);
        }

        write("");
        var (outcome, reason) = await TryAsync(Steps[step.Name], report, cancellation);
        var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        write(string.Create(CultureInfo.InvariantCulture, $"  {outcome} in {seconds:0.0} s{(reason is null ? "" : $": {reason}")}"));
        return new(step.Name, outcome, reason, Math.Round(seconds, 2), report.Figures, report.Killed);
    }

    private async Task<(Outcome Outcome, string? Reason)> TryAsync(IStep step, StepReport report, CancellationToken cancellation)
    {
        try
        {
            await balancers.WaitForReplicasAsync(cancellation);
            await step.RunAsync(balancers, report, cancellation);
            var wrong = report.Figures.Where(figure => !figure.Holds).Select(figure => figure.Name).ToArray();
            return wrong.Length == 0 ? (Outcome.Passed, null) : (Outcome.Failed, $"not as claimed: {string.Join("; ", wrong)}");
        }
        catch (SkipException e)
        {
            return (Outcome.Skipped, e.Message);
        }
        catch (Exception e) when (e is TourException or HttpRequestException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return (Outcome.Failed, e.Message);
        }
    }

    private void Summarize(List<StepResult> results)
    {
        write("");
        write("── Summary ".PadRight(RuleWidth, '─'));
        foreach (var result in results)
        {
            write(string.Create(CultureInfo.InvariantCulture, $"  {result.Outcome,-8}{result.Name,-14}{result.Seconds,6:0.0} s  {result.Reason ?? TitleOf(result.Name)}"));
        }

        write("");
        write(Sentence(results));
    }

    /// <summary>The tour in a line.</summary>
    public static string Sentence(IReadOnlyList<StepResult> results)
    {
        int Count(Outcome outcome) => results.Count(result => result.Outcome == outcome);
        return string.Create(CultureInfo.InvariantCulture, $"Tour: {Count(Outcome.Passed)} passed, {Count(Outcome.Failed)} failed, {Count(Outcome.Skipped)} skipped, {results.Sum(result => result.Seconds):0.0} s");
    }

    private static string TitleOf(string name) => TourSteps.All.Single(step => step.Name == name).Title;
}
