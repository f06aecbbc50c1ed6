using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Layer 7 picks for each request.</summary>
internal sealed class KeptAliveLayer7Step : IStep
{
    private const int Requests = 30;

    // Whoever else uses the balancer now takes turns of the round robin too.
    private const int Leeway = 2;

    public string Name => "kept-alive-l7";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 7 picks for every request, also when all of them come over one connection:",
        "the same 30 requests are spread evenly over the three replicas.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var replicas = await balancers.ReplicasAsync(cancellation);
        using var client = new TourClient(balancers.Options.Edge);
        var answers = (await client.GetAsync("/", Requests, cancellation)).ByReplica(replicas);
        report.Bars($"{Requests} times GET {balancers.Options.Edge}, one connection: answers by replica", answers);
        report.Line();
        const int Even = Requests / Topology.Replicas;
        report.Expect("connections", client.Connections, 1);
        report.Expect("replicas that answered", answers.Values.Count(count => count > 0), Topology.Replicas);
        report.Expect("answers of the busiest replica", answers.Values.Max(), Even, Even + Leeway);
        report.Expect("answers of the idlest replica", answers.Values.Min(), Even - Leeway, Even);
    }
}
