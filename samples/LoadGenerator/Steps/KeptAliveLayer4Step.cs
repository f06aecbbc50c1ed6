using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Layer 4 picks once for a connection.</summary>
internal sealed class KeptAliveLayer4Step : IStep
{
    private const int Requests = 30;

    public string Name => "kept-alive-l4";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 4 picks when a connection opens. Whatever is sent over it later goes to the same replica,",
        "so that a client which keeps its connection alive uses one replica of three.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var replicas = await balancers.ReplicasAsync(cancellation);
        using var client = new TourClient(balancers.Options.Wire);
        var answers = (await client.GetAsync("/", Requests, cancellation)).ByReplica(replicas);
        report.Bars($"{Requests} times GET {balancers.Options.Wire}, one connection: answers by replica", answers);
        report.Line();
        report.Expect("connections", client.Connections, 1);
        report.Expect("replicas that answered", answers.Values.Count(count => count > 0), 1);
        report.Expect("answers of the busiest replica", answers.Values.Max(), Requests);
    }
}
