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
    private const int Quick = 5;
    private const int More = 100;
    private const int Even = Requests / Topology.Replicas;
    private const int BarUnit = 8;

    // Less, and whoever looks at load does not see much of a difference.
    private const int Slower = 6;
    private const int MostMore = 2_000;

    private static readonly SelectionPolicy[] Policies =
    [
        SelectionPolicy.RoundRobin,
        SelectionPolicy.WeightedRoundRobin,
        SelectionPolicy.Random,
        SelectionPolicy.LeastConnections,
        SelectionPolicy.PowerOfTwoChoices,
        SelectionPolicy.PeakEwma,
        SelectionPolicy.First,
        SelectionPolicy.SourceHash,
        SelectionPolicy.ConsistentHash,
    ];

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
        var slow = before.Backends[0].Name;

        report.Line($"{slow} needs {Quick + More} ms for an answer, the others {Quick} ms. {Requests} requests by {Clients} clients at a time, with each policy:");
        try
        {
            using var client = new TourClient(balancers.Options.Edge, Clients);
            await MeasureAsync(client, slow, More, Clients, cancellation);
            var rows = new List<string[]> { new[] { "policy", "    p50", "    p99", "requests that the slow one got" } };
            var shares = new Dictionary<SelectionPolicy, int>();
            foreach (var policy in Policies)
            {
                await edge.SetPolicyAsync(Topology.Catalog, policy, cancellation);
                var more = More;
                var measured = await MeasureAsync(client, slow, more, Requests, cancellation);
                // Where the machine has so much else to do that every answer takes long, none of them is the slow one.
                while (Aware.Contains(policy) && ShareOf(slow, measured) > Even / 2 && more < MostMore && TimeOfOthers(slow, measured) is var others && others * Slower > Quick + more)
                {
                    more = Math.Min(MostMore, (int)(others * Slower));
                    report.Line($"{policy}: the others need {others:0} ms on this machine now. Once more, and {slow} needs {Quick + more} ms.");
                    measured = await MeasureAsync(client, slow, more, Requests, cancellation);
                }

                var share = shares[policy] = ShareOf(slow, measured);
                double[] sorted = [.. measured.Select(answer => answer.Milliseconds).Order()];
                rows.Add([$"{policy}", Percentile(sorted, 50), Percentile(sorted, 99), $"{share,4}  {new string('█', (share + BarUnit - 1) / BarUnit)}"]);
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
        }
    }

    private static async Task<IReadOnlyCollection<(string Replica, double Milliseconds)>> MeasureAsync(TourClient client, string slow, int more, int requests, CancellationToken cancellation)
    {
        // The replica itself takes its time: a fault of the balancer would be on the client's side of its measurements.
        var path = $"/slow?ms={Quick}&at={slow}&more={more}";
        var answers = new ConcurrentQueue<(string Replica, double Milliseconds)>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Clients, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, requests), options, async (_, token) =>
        {
            var since = Stopwatch.GetTimestamp();
            var answer = await client.GetAsync(path, token);
            answers.Enqueue((answer.Replica, Stopwatch.GetElapsedTime(since).TotalMilliseconds));
        });
        return answers;
    }

    private static int ShareOf(string slow, IEnumerable<(string Replica, double Milliseconds)> measured) => measured.Count(answer => answer.Replica == slow);

    private static double TimeOfOthers(string slow, IEnumerable<(string Replica, double Milliseconds)> measured) =>
        measured.Where(answer => answer.Replica != slow).Select(answer => answer.Milliseconds).DefaultIfEmpty().Average();

    // Nearest rank.
    private static string Percentile(double[] sorted, int percent) =>
        string.Create(CultureInfo.InvariantCulture, $"{sorted[(int)Math.Ceiling(sorted.Length * percent / 100.0) - 1],4:0} ms");
}
