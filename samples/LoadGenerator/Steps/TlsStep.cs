using LoadBalancer.Configuration.Statistics;
using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Layer 4 passes TLS through; Layer 7 ends it.</summary>
internal sealed class TlsStep : IStep
{
    private const int Handshakes = 6;

    public string Name => "tls";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 4 passes TLS through: the client sees the replica's certificate, and the balancer only the server name (SNI).",
        "Layer 7 ends TLS: the client sees the balancer's certificate, whichever replica answers.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var (passed, serverNames) = await HandshakesAsync(balancers, balancers.Options.WireTls, cancellation);
        Show(report, $"Through Layer 4, {balancers.Options.WireTls}:", passed);
        report.Line($"  server name in the connection table: {string.Join(", ", serverNames)}");
        report.Line();
        var (ended, _) = await HandshakesAsync(balancers, balancers.Options.EdgeHttps, cancellation);
        Show(report, $"Through Layer 7, {balancers.Options.EdgeHttps}:", ended);
        report.Line();

        var known = (await balancers.Edge.GetStatisticsAsync(cancellation)).Layer7.Listeners.SelectMany(listener => listener.Certificates).Select(certificate => certificate.Thumbprint);
        report.Expect("handshakes through Layer 4 that showed the certificate of the replica that answered", passed.Count(seen => seen.Subject == $"CN={seen.Replica}"), Handshakes);
        report.Expect("certificates seen through Layer 4", passed.DistinctBy(seen => seen.Thumbprint).Count(), Topology.Replicas);
        report.Expect("server names that Layer 4 knows", serverNames.Count, 1);
        report.Expect("certificates seen through Layer 7", ended.DistinctBy(seen => seen.Thumbprint).Count(), 1);
        report.Expect("of them the balancer's own", ended.DistinctBy(seen => seen.Thumbprint).Count(seen => known.Contains(seen.Thumbprint, StringComparer.OrdinalIgnoreCase)), 1);
        report.Expect("replicas that answered through Layer 7", ended.DistinctBy(seen => seen.Replica).Count(), Topology.Replicas);
    }

    private static void Show(StepReport report, string what, IEnumerable<Seen> handshakes)
    {
        report.Line(what);
        report.Table([["answered", "certificate"], .. handshakes.Select(seen => (string[])[seen.Replica, $"{seen.Subject}, SHA-256 {seen.Thumbprint[..16].ToLowerInvariant()}…"])]);
    }

    private static async Task<(List<Seen> Handshakes, IReadOnlyList<string> ServerNames)> HandshakesAsync(Balancers balancers, Uri address, CancellationToken cancellation)
    {
        var seen = new List<Seen>();
        var names = new HashSet<string>();
        for (var i = 0; i < Handshakes; i++)
        {
            using var client = new TourClient(address);
            var answer = await client.GetAsync("/", cancellation);
            seen.Add(new(answer.Replica, client.Certificate!.Subject, client.Certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256)));
            foreach (ConnectionStatistics row in (await balancers.Wire.GetStatisticsAsync(cancellation)).Layer4.Connections)
            {
                if (row.ServerName is { } name)
                {
                    names.Add(name);
                }
            }
        }

        return (seen, [.. names]);
    }

    private sealed record Seen(string Replica, string Subject, string Thumbprint);
}
