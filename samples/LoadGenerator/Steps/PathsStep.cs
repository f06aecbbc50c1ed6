using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Only who reads the path can route by it.</summary>
internal sealed class PathsStep : IStep
{
    private static readonly (string Path, string Service)[] Routes =
    [
        ("/", "catalog"),
        ("/auth/login", "auth"),
        ("/settings/", "settings"),
        ("/chat/", "chat"),
    ];

    public string Name => "paths";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 7 chooses the service by the path: one port is enough for all of them.",
        "A port of Layer 4 has one service behind it; paths of others are not found there.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        using var wire = new TourClient(balancers.Options.Wire);
        using var edge = new TourClient(balancers.Options.Edge);
        var rows = new List<string[]> { new[] { "path", "through Layer 4", "through Layer 7" } };
        var (relayed, routed) = (0, 0);
        foreach (var (path, service) in Routes)
        {
            var (fourth, seventh) = (await wire.GetAsync(path, cancellation), await edge.GetAsync(path, cancellation));
            relayed += fourth.Service == service ? 1 : 0;
            routed += seventh.Service == service ? 1 : 0;
            rows.Add([path, Text(fourth), Text(seventh)]);
        }

        report.Table([.. rows]);
        report.Line();
        report.Expect("services reached through Layer 4", relayed, 1);
        report.Expect("services reached through Layer 7", routed, Routes.Length);
    }

    private static string Text(Answer answer) => answer.IsGood ? $"{(int)answer.Status} {answer.Replica}" : $"{(int)answer.Status}";
}
