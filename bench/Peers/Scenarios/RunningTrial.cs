using Peers.Contenders;
using Peers.Loads;
using Peers.Processes;

namespace Peers.Scenarios;

/// <summary>A contender that runs through all rounds; between its own it has nothing to do.</summary>
internal sealed class RunningTrial : ITrial
{
    private const double Mebibyte = 1024 * 1024;
    private const int WarmUpSeconds = 1;

    private readonly Bench _bench;
    private readonly ILoad _load;
    private readonly ProcessGroup? _process;
    private readonly int _port;
    private long _bytesAfterWarmUp;

    private RunningTrial(Bench bench, Contender contender, ILoad load, ProcessGroup? process, int port)
    {
        _bench = bench;
        Contender = contender;
        _load = load;
        _process = process;
        _port = port;
    }

    public Contender Contender { get; }

    /// <exception cref="BenchException">The contender did not start.</exception>
    public static async Task<RunningTrial> StartAsync(Bench bench, Case @case, Contender contender, BackendFleet fleet, CancellationToken cancellation)
    {
        if (contender.IsDirect)
        {
            return new(bench, contender, @case.Load, null, fleet.DirectPort(@case.Protocol));
        }

        var launch = Launch.Prepare(bench, @case, contender, fleet);
        var trial = new RunningTrial(bench, contender, @case.Load, bench.Start(launch.Command), launch.Port);
        try
        {
            await (@case is { BackendKind: BackendKind.Http, Protocol: Protocol.Tcp or Protocol.Http1 }
                ? Readiness.WaitForAnswerAsync(contender.Name, trial._process!, launch.Port, $"{@case.Routes[^1]}/13", cancellation)
                : Readiness.WaitUntilListeningAsync(contender.Name, trial._process!, launch.Port, cancellation));
            return trial;
        }
        catch
        {
            await trial.DisposeAsync();
            throw;
        }
    }

    public async Task WarmUpAsync(CancellationToken cancellation)
    {
        await _load.WarmUpAsync(new(_bench.Tools, _port, WarmUpSeconds, () => 0), cancellation);
        _bytesAfterWarmUp = Usage.ResidentBytes;
    }

    public async Task<Sample> RunAsync(int seconds, CancellationToken cancellation)
    {
        var before = Usage;
        var result = await _load.RunAsync(new(_bench.Tools, _port, seconds, () => Usage.ResidentBytes - _bytesAfterWarmUp), cancellation);
        var after = Usage;
        if (_process is { HasExited: true })
        {
            throw new BenchException($"it ended: {await _process.ExplainExitAsync()}");
        }

        return result.Problem is { } problem
            ? throw new BenchException(problem)
            : new(result.Values, result.Work, after.CpuSeconds - before.CpuSeconds, after.PeakBytes / Mebibyte);
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ProcessUsage Usage => _process?.Usage ?? default;
}
