using Peers.Contenders;

namespace Peers.Scenarios;

/// <summary>A contender in a case, ready to be measured round after round.</summary>
internal interface ITrial : IAsyncDisposable
{
    Contender Contender { get; }

    /// <exception cref="BenchException">It failed.</exception>
    Task WarmUpAsync(CancellationToken cancellation);

    /// <exception cref="BenchException">It failed, or its answers do not count.</exception>
    Task<Sample> RunAsync(int seconds, CancellationToken cancellation);
}
