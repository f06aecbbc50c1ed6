namespace Peers.Loads;

/// <summary>Sends work to a contender and measures what comes back.</summary>
internal interface ILoad
{
    /// <summary>The program that generates it; null when this program does.</summary>
    string? Program { get; }

    /// <summary>A unit of the work done, in the plural.</summary>
    string WorkUnit { get; }

    /// <summary>What it measures.</summary>
    IReadOnlyList<Figure> Figures { get; }

    /// <summary>Measures once.</summary>
    /// <exception cref="BenchException">The generator failed, or wrote what is not known.</exception>
    Task<LoadResult> RunAsync(LoadRun run, CancellationToken cancellation);

    /// <summary>Lets caches fill and hot code be compiled; what it finds is not counted.</summary>
    Task WarmUpAsync(LoadRun run, CancellationToken cancellation) => RunAsync(run, cancellation);
}
