using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>A cookie keeps a client on its replica.</summary>
internal sealed class StickyStep : IStep
{
    private const int Requests = 30;

    public string Name => "sticky";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 7 can keep a client on a replica by a cookie: over new connections too, and whoever shares its address.",
        "The same client without the cookie is spread.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var replicas = await balancers.ReplicasAsync(cancellation);
        using var forgetful = new TourClient(balancers.Options.Edge);
        using var client = new TourClient(balancers.Options.Edge, cookies: true);
        var without = (await forgetful.GetAsync("/", Requests, cancellation)).ByReplica(replicas);
        var with = (await client.GetAsync("/", Requests, cancellation)).ByReplica(replicas);
        report.Bars($"{Requests} times GET {balancers.Options.Edge} without cookies: answers by replica", without);
        report.Bars("The same with cookies:", with);
        report.Line();
        report.Expect("replicas that answered without the cookie", without.Values.Count(count => count > 0), Topology.Replicas);
        report.Expect("replicas that answered with the cookie", with.Values.Count(count => count > 0), 1);
    }
}
