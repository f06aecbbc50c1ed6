using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Configuration;
using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>What each policy makes of a replica that has become slow.</summary>
internal sealed class SlowStep : IStep
{
    private const int Requests = 240;
    private const int Clients = 12;
    private const int Latency = 60;
    private const string Path = "/slow?ms=5";
    private const int Even = Requests / Topology.Replicas;

    private static readonly SelectionPolicy[] Aware = [SelectionPolicy.LeastConnections, SelectionPolicy.PowerOfTwoChoices, SelectionPolicy.PeakEwma];

    public string Name => "slow";

    public IReadOnlyList<string> Claim { get; } =
    [
        "One of three replicas becomes slow. RoundRobin goes on giving it a third of the requests.",
        "LeastConnections, PowerOfTwoChoices and PeakEwma look at what replicas have to do, and give it less than half of that.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var edge = balancers.Edge;
        var before = await edge.GetPoolAsync(Topology.Catalog, cancellation);
        var slow = before.Backends.Select(backend => backend.Name).Order(StringComparer.Ordinal).First();
        var rows = new List<string[]> { new[] { "policy", "p50", "p99", "requests that the slow one got" } };
        try
        {
            await edge.SetLatencyAsync(Topology.Catalog, slow, Latency, cancellation);
            report.Line($"{slow} answers {Latency} ms late. {Requests} times GET {Path} by {Clients} clients at a time, each policy:");
            var shares = new Dictionary<SelectionPolicy, int>();
            foreach (var policy in Enum.GetValues<SelectionPolicy>())
            {
                await edge.SetPolicyAsync(Topology.Catalog, policy, cancellation);
                var measured = await MeasureAsync(balancers.Addresses.Edge, slow, cancellation);
                shares[policy] = measured.Slow;
                rows.Add([$"{policy}", Milliseconds(measured.Latencies, 50), Milliseconds(measured.Latencies, 99), $"{measured.Slow,4}  {new string('█', (int)Math.Ceiling(measured.Slow / 8.0))}"]);
            }

            report.Table([.. rows]);
            report.Line();
            report.Expect("requests of RoundRobin that the slow one got", shares[SelectionPolicy.RoundRobin], Even - 2, Even + 2);
            foreach (var policy in Aware)
            {
                report.Expect($"requests of {policy} that the slow one got", shares[policy], 0, Even / 2);
            }
        }
        finally
        {
            await edge.SetPolicyAsync(Topology.Catalog, before.Policy, CancellationToken.None);
            await edge.ClearFaultsAsync(Topology.Catalog, slow, CancellationToken.None);
        }
    }

    private static async Task<(double[] Latencies, int Slow)> MeasureAsync(Uri address, string slow, CancellationToken cancellation)
    {
        var latencies = new ConcurrentBag<double>();
        var ofSlow = 0;
        using var client = new TourClient(address, Clients);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Clients, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, Requests), options, async (_, token) =>
        {
            var since = Stopwatch.GetTimestamp();
            var answer = await client.GetAsync(Path, token);
            latencies.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            if (answer.Replica == slow)
            {
                Interlocked.Increment(ref ofSlow);
            }
        });
        return ([.. latencies.Order()], ofSlow);
    }

    // Nearest rank.
    private static string Milliseconds(double[] sorted, int percent) =>
        string.Create(CultureInfo.InvariantCulture, $"{sorted[(int)Math.Ceiling(sorted.Length * percent / 100.0) - 1],5:0} ms");
}
