using System.Collections.Concurrent;
using System.Diagnostics;
using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>A replica dies: whose clients notice?</summary>
internal sealed class KillStep : IStep
{
    private const int Workers = 4;
    private const int Requests = 60;
    private const string NoAnswer = "no answer";

    // So many have been answered when the replica is killed; the others come while it dies and afterwards.
    private const int Before = 40;

    public string Name => "kill";

    public IReadOnlyList<string> Claim { get; } =
    [
        "When a replica dies, its connections through Layer 4 are reset: clients have to connect again.",
        "Layer 7 asks another replica for what may be asked twice: no request fails, and no client loses its connection.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var replicas = await balancers.ReplicasAsync(cancellation);
        using var wire = new TourClient(balancers.Options.Wire, reconnects: false);
        using var edge = new TourClient(balancers.Options.Edge, Workers, reconnects: false);
        var victim = await wire.GetAsync("/", cancellation);
        var answers = new ConcurrentQueue<string>();
        var warm = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var load = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => AskAsync(edge, answers, warm, cancellation)));
        await Task.WhenAny(warm.Task, load);
        await KillAsync(victim, cancellation);
        report.Killed.Add(victim.Replica);
        report.Line($"{victim.Replica} (pid {victim.Pid}) was killed while {Workers} clients sent requests through Layer 7.");

        var broken = await ReplicaOrNoneAsync(wire, "/", cancellation) == NoAnswer;
        using var again = new TourClient(balancers.Options.Wire);
        var next = await ReplicaOrNoneAsync(again, "/", cancellation);
        report.Line($"Layer 4: the connection to {victim.Replica} {(broken ? "broke" : "still works")}; a new one leads to {next}.");
        await load;
        report.Bars("Layer 7: answers by replica, before and after", answers.CountOf([.. replicas, NoAnswer]));
        report.Line();
        report.Expect("connections through Layer 4 that broke", broken ? 1 : 0, 1);
        report.Expect("new connections that lead to another replica", next != NoAnswer && next != victim.Replica ? 1 : 0, 1);
        report.Expect("requests through Layer 7", answers.Count, Requests * Workers);
        report.Expect("requests through Layer 7 that failed", answers.Count(replica => replica == NoAnswer), 0);
        report.Expect("connections that clients had to Layer 7", edge.Connections, 1, Workers);
    }

    private static async Task AskAsync(TourClient edge, ConcurrentQueue<string> answers, TaskCompletionSource warm, CancellationToken cancellation)
    {
        for (var i = 0; i < Requests; i++)
        {
            answers.Enqueue(await ReplicaOrNoneAsync(edge, "/slow?ms=5", cancellation));
            if (answers.Count >= Before)
            {
                warm.TrySetResult();
            }
        }
    }

    private static async Task<string> ReplicaOrNoneAsync(TourClient client, string path, CancellationToken cancellation)
    {
        try
        {
            var answer = await client.GetAsync(path, cancellation);
            return answer.IsGood ? answer.Replica : NoAnswer;
        }
        catch (HttpRequestException)
        {
            return NoAnswer;
        }
    }

    private static async Task KillAsync(Answer victim, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.GetProcessById(victim.Pid);
            process.Kill();
            await process.WaitForExitAsync(cancellation);
        }
        catch (ArgumentException)
        {
            throw new TourException($"{victim.Replica} says that it is process {victim.Pid}, which is not on this machine");
        }
    }
}
