using System.Diagnostics;
using System.Net;
using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Layer 7 can refuse a request and say why.</summary>
internal sealed class LimitsStep : IStep
{
    private const int Requests = 20;
    private const int PerSecond = 5;

    public string Name => "limits";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 7 limits requests: what is too much is answered with 429, and told when to come again.",
        "Layer 4 can limit connections only. Over one that is open, all requests pass.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        using var wire = new TourClient(balancers.Options.Wire);
        var passed = await wire.GetAsync("/", Requests, cancellation);
        using var edge = new TourClient(balancers.Options.Edge, Requests);
        var since = Stopwatch.GetTimestamp();
        var limited = await Task.WhenAll(Enumerable.Range(0, Requests).Select(_ => edge.GetAsync("/limited/", cancellation)));

        // Five at once, and then one more for each fifth of a second that it took.
        var most = PerSecond + (int)Math.Ceiling(Stopwatch.GetElapsedTime(since).TotalSeconds * PerSecond);
        var refused = limited.Where(answer => answer.Status == HttpStatusCode.TooManyRequests).ToArray();
        report.Bars($"{Requests} requests: answered with 200", new Dictionary<string, int>
        {
            ["through Layer 4"] = passed.Count(answer => answer.IsGood),
            ["through Layer 7"] = limited.Count(answer => answer.IsGood),
        });
        report.Line(refused is [var one, ..] ? $"The others: {(int)one.Status} {one.Status}, Retry-After {one.Headers.RetryAfter?.ToString() ?? "-"}" : "No other answer.");
        report.Line();
        report.Expect("answered through Layer 4", passed.Count(answer => answer.IsGood), Requests);
        report.Expect("answered through Layer 7", limited.Count(answer => answer.IsGood), 1, most);
        report.Expect("refused with 429", refused.Length, Requests - most, Requests - 1);
        report.Expect("refused without Retry-After", refused.Count(answer => answer.Headers.RetryAfter is null), 0);
    }
}
