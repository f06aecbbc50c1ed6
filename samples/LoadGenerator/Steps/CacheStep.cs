using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Only who reads answers can keep them.</summary>
internal sealed class CacheStep : IStep
{
    private const int Requests = 20;
    private const string Path = "/about";

    public string Name => "cache";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 7 keeps an answer that may be kept, and gives it out without asking a replica.",
        "Through Layer 4 every request is work for one.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        await balancers.Edge.PurgeAsync(Topology.AboutRoute, cancellation);
        var before = await balancers.Edge.GetRouteAsync(Topology.AboutRoute, cancellation);
        using var edge = new TourClient(balancers.Options.Edge);
        var kept = await edge.GetAsync(Path, Requests, cancellation);
        var after = await balancers.Edge.GetRouteAsync(Topology.AboutRoute, cancellation);
        using var wire = new TourClient(balancers.Options.Wire);
        var relayed = await wire.GetAsync(Path, Requests, cancellation);

        report.Bars($"{Requests} times GET {Path}: answers that a replica had to make", new Dictionary<string, int>
        {
            ["through Layer 4"] = Made(relayed),
            ["through Layer 7"] = Made(kept),
        });
        report.Line($"Cache-Status of the first answer: {StatusOf(kept[0])}");
        report.Line($"Cache-Status of the last answer:  {StatusOf(kept[^1])}");
        report.Line();
        report.Expect("answers made for Layer 4", Made(relayed), Requests);
        report.Expect("answers made for Layer 7", Made(kept), 1);
        report.Expect("requests that Layer 7 forwarded", after.Forwarded - before.Forwarded, 1);
        report.Expect("requests that the cache answered", after.CacheHits - before.CacheHits, Requests - 1, null);
    }

    // Each answer that is made has a time of its own.
    private static int Made(IEnumerable<Answer> answers) => answers.Select(answer => answer.Body?.GetProperty("at").GetString()).Distinct().Count();

    private static string StatusOf(Answer answer) => answer.Headers.TryGetValues("Cache-Status", out var values) ? string.Join(", ", values) : "-";
}
