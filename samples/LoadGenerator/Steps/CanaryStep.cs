using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>A share of the requests for another version.</summary>
internal sealed class CanaryStep : IStep
{
    private const int Clients = 100;
    private const int Share = 20;
    private const int Requests = 20;
    private const string Path = "/shop/";

    public string Name => "canary";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 7 can give a new version 20 % of the clients, by a command, while requests run. A cookie keeps each client",
        "on the version that it was given. 0 % takes it back at once.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var edge = balancers.Edge;
        var before = (await edge.GetRouteAsync(Topology.ShopRoute, cancellation)).Split.FirstOrDefault(share => share.Pool == Topology.Canary)?.Percent ?? 0;
        try
        {
            await edge.SetSplitAsync(Topology.ShopRoute, Shares(Share), cancellation);
            using var strangers = new TourClient(balancers.Options.Edge);
            var answers = (await strangers.GetAsync(Path, Clients, cancellation)).ByService(Topology.Catalog, Topology.Canary);
            report.Bars($"{Clients} clients, GET {Path}, share of the canary {Share} %: answers by service", answers);

            using var client = new TourClient(balancers.Options.Edge, cookies: true);
            var kept = (await client.GetAsync(Path, Requests, cancellation)).ByService(Topology.Catalog, Topology.Canary);
            report.Bars($"One client with cookies, {Requests} times:", kept);

            await balancers.ShowAsync(balancers.Options.EdgeAdmin, report, cancellation);
            await edge.SetSplitAsync(Topology.ShopRoute, Shares(0), cancellation);
            var without = (await strangers.GetAsync(Path, Requests, cancellation)).ByService(Topology.Catalog, Topology.Canary);
            report.Bars($"{Requests} clients, share of the canary 0 %:", without);
            report.Line();
            report.Expect($"clients of {Clients} that the canary got", answers[Topology.Canary], Share - 1, Share + 1);
            report.Expect("services that answered the client with cookies", kept.Values.Count(count => count > 0), 1);
            report.Expect("clients that the canary got at 0 %", without[Topology.Canary], 0);
        }
        finally
        {
            await edge.SetSplitAsync(Topology.ShopRoute, Shares(before), CancellationToken.None);
        }
    }

    private static Dictionary<string, int> Shares(int percent) => new() { [Topology.Canary] = percent };
}
