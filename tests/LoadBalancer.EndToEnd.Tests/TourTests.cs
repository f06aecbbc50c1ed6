using System.Text.Json;
using LoadBalancer.Machine;

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>The whole tour, as somebody runs it who wants to see the difference between Layer 4 and Layer 7.</summary>
public sealed class TourTests
{
    // It takes half a minute on a machine that has nothing else to do.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // What the claims say. One run for all of them, since a run starts the topology.
    private static readonly (string Step, string Figure, double Lowest, double Highest)[] Claims =
    [
        ("sees", "bytes that Layer 4 counted of the request", 37, 37),
        ("sees", "headers that Layer 4 added", 0, 0),
        ("sees", "headers that Layer 7 added", 3, 3),
        ("kept-alive-l4", "connections", 1, 1),
        ("kept-alive-l4", "answers of the busiest replica", 30, 30),
        ("kept-alive-l7", "connections", 1, 1),
        ("kept-alive-l7", "answers of the busiest replica", 10, 10),
        ("kept-alive-l7", "answers of the idlest replica", 10, 10),
        ("connections", "connections that the replicas saw behind Layer 4", 100, 100),
        ("connections", "connections that the replicas saw behind Layer 7", 1, 10),
        ("nat", "connections that kept the client's port in NAT mode", 6, 6),
        ("nat", "connections that kept it through the relay", 0, 0),
        ("nat", "rows of the NAT table", 6, 6),
        ("tls", "certificates seen through Layer 4", 3, 3),
        ("tls", "handshakes through Layer 4 that showed the certificate of the replica that answered", 6, 6),
        ("tls", "certificates seen through Layer 7", 1, 1),
        ("tls", "of them the balancer's own", 1, 1),
        ("paths", "services reached through Layer 4", 1, 1),
        ("paths", "services reached through Layer 7", 4, 4),
        ("cache", "answers made for Layer 4", 20, 20),
        ("cache", "answers made for Layer 7", 1, 1),
        ("cache", "requests that the cache answered", 19, 19),
        ("limits", "answered through Layer 4", 20, 20),
        ("limits", "answered through Layer 7", 5, 20),
        ("limits", "refused without Retry-After", 0, 0),
        ("sticky", "replicas that answered without the cookie", 3, 3),
        ("sticky", "replicas that answered with the cookie", 1, 1),
        ("canary", "clients of 100 that the canary got", 20, 20),
        ("canary", "clients that the canary got at 0 %", 0, 0),
        ("slow", "requests of RoundRobin that the slow one got", 78, 82),
        ("slow", "requests of LeastConnections that the slow one got", 0, 40),
        ("slow", "requests of PowerOfTwoChoices that the slow one got", 0, 40),
        ("slow", "requests of PeakEwma that the slow one got", 0, 40),
        ("kill", "connections through Layer 4 that broke", 1, 1),
        ("kill", "requests through Layer 7", 240, 240),
        ("kill", "requests through Layer 7 that failed", 0, 0),
    ];

    [Fact]
    public async Task Every_claim_of_the_tour_holds()
    {
        var work = Directory.CreateTempSubdirectory("loadbalancer-tour-test-");
        try
        {
            await using var standalone = Start(work.FullName, "--tour");
            var exitCode = await standalone.WaitForExitAsync(Patience);

            Assert.True(exitCode == 0, standalone.Output);
            Assert.Contains(" passed, 0 failed, ", standalone.Output);
            var results = await ReadAsync(work.FullName);

            // The kernel's NAT is not to be had everywhere; the reason is told.
            Assert.All(results, result => Assert.True(result.Outcome == "Passed" || result is { Name: "nat", Outcome: "Skipped", Reason.Length: > 0 }, standalone.Output));
            Assert.Equal(Claims.Select(claim => claim.Step).Distinct(), results.Select(result => result.Name));
            Assert.All(
                Claims.Where(claim => results.Single(result => result.Name == claim.Step).Outcome == "Passed"),
                claim => Assert.InRange(results.Single(result => result.Name == claim.Step).Figures.Single(figure => figure.Name == claim.Figure).Value, claim.Lowest, claim.Highest));
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Steps_run_in_the_order_in_which_they_are_named_and_a_killed_replica_is_there_again_for_the_next()
    {
        var work = Directory.CreateTempSubdirectory("loadbalancer-tour-test-");
        try
        {
            await using var standalone = Start(work.FullName, "--tour", "kill", "kept-alive-l7");
            var exitCode = await standalone.WaitForExitAsync(Patience);

            Assert.True(exitCode == 0, standalone.Output);
            Assert.Contains("was started again, pid ", standalone.Output);
            Assert.Equal(["kill", "kept-alive-l7"], (await ReadAsync(work.FullName)).Select(result => result.Name));
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static TestProcess Start(string work, params string[] tour)
    {
        string[] names = ["edge", "edge-https", "edge-admin", "wire", "wire-udp", "wire-catalog", "wire-tls", "wire-admin"];
        var ports = names.Zip(FreePorts.Take(names.Length)).SelectMany(pair => (string[])[$"--{pair.First}-port", $"{pair.Second}"]);
        return TestProcess.Start(
            BuiltAssemblies.Standalone,
            ["--no-dashboard", "--work", work, .. ports, .. tour],
            // Nobody looks.
            new Dictionary<string, string?> { ["Tour__Pause"] = "00:00:00" });
    }

    private static async Task<Result[]> ReadAsync(string work) =>
        JsonSerializer.Deserialize<Result[]>(await File.ReadAllTextAsync(Path.Combine(work, "tour.json"), TestContext.Current.CancellationToken), JsonSerializerOptions.Web)!;

    private sealed record Result(string Name, string Outcome, string? Reason, Figure[] Figures);

    private sealed record Figure(string Name, double Value);
}
