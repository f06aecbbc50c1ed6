using System.Diagnostics;

namespace Peers.Loads;

/// <summary>A client that is there before the contender, and asks until it is answered.</summary>
internal sealed class StartupLoad : ILoad
{
    public string? Program => null;

    public string WorkUnit => "starts";

    public IReadOnlyList<Figure> Figures { get; } = [new("time to the first answer", "ms", HigherIsBetter: false)];

    public async Task<LoadResult> RunAsync(LoadRun run, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        await FirstAnswer.WaitAsync(run.Port, "/13", cancellation);
        return new(1, [Stopwatch.GetElapsedTime(since).TotalMilliseconds]);
    }
}
