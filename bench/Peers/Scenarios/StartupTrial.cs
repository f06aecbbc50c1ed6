using LoadBalancer.Machine;
using Peers.Contenders;
using Peers.Loads;

namespace Peers.Scenarios;

/// <summary>Starts the contender anew in every round. Direct is how long a bare Kestrel takes.</summary>
internal sealed class StartupTrial(Bench bench, Case @case, Contender contender, BackendFleet fleet) : ITrial
{
    private const double Mebibyte = 1024 * 1024;

    public Contender Contender => contender;

    // Reads the program's files from the disk.
    public Task WarmUpAsync(CancellationToken cancellation) => RunAsync(seconds: 0, cancellation);

    public async Task<Sample> RunAsync(int seconds, CancellationToken cancellation)
    {
        var launch = Prepare();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var answering = @case.Load.RunAsync(new LoadRun(bench.Tools, launch.Port, seconds, () => 0), stop.Token);
        await using var process = bench.Start(launch.Command);
        await Readiness.WaitAsync(contender.Name, process, AnsweredAsync, cancellation);
        var usage = process.Usage;
        var result = await answering;
        return new(result.Values, result.Work, usage.CpuSeconds, usage.PeakBytes / Mebibyte);

        async Task AnsweredAsync(CancellationToken token)
        {
            using var registration = token.Register(stop.Cancel);
            await answering;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Launch Prepare()
    {
        if (!contender.IsDirect)
        {
            return Launch.Prepare(bench, @case, contender, fleet);
        }

        var port = FreePorts.Take();
        return new(BackendFleet.Alone(port), port);
    }
}
