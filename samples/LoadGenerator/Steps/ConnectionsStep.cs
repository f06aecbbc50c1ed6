using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Layer 4 opens a connection to a replica for each client; Layer 7 shares a few among all.</summary>
internal sealed class ConnectionsStep : IStep
{
    private const int Clients = 100;

    // One for each replica when the requests come one after the other; more where others use the balancer too.
    private const int MostShared = 30;

    public string Name => "connections";

    public IReadOnlyList<string> Claim { get; } =
    [
        "A relay has two connections for each client: the client's, and one of its own to the replica.",
        "Layer 7 has connections of its own too, but shares them: requests of 100 clients go over a few.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var open = new List<TourClient>();
        try
        {
            var relayed = await ConnectAsync(balancers.Options.Wire, open, cancellation);
            var rows = (await balancers.Wire.GetStatisticsAsync(cancellation)).Layer4.Connections.Count(row => row.Listener == Topology.Listener);
            var shared = await ConnectAsync(balancers.Options.Edge, open, cancellation);
            var clients = (await balancers.Edge.GetStatisticsAsync(cancellation)).Layer7.Connections.Open;

            report.Bars($"{Clients} clients, a request each, connections kept open:", new Dictionary<string, int>
            {
                ["Layer 4, clients' connections"] = rows,
                ["Layer 4, to the replicas"] = relayed,
                ["Layer 7, clients' connections"] = clients,
                ["Layer 7, to the replicas"] = shared,
            });
            await balancers.ShowAsync(balancers.Options.WireAdmin, report, cancellation);
            report.Line();
            report.Expect("rows of the Layer 4 connection table", rows, Clients, null);
            report.Expect("connections that the replicas saw behind Layer 4", relayed, Clients);
            report.Expect("connections of clients to Layer 7", clients, Clients, null);
            report.Expect("connections that the replicas saw behind Layer 7", shared, 1, MostShared);
        }
        finally
        {
            open.ForEach(client => client.Dispose());
        }
    }

    // A replica tells the connection by which it was asked.
    private static async Task<int> ConnectAsync(Uri address, List<TourClient> open, CancellationToken cancellation)
    {
        var seen = new HashSet<(string Replica, string? Connection)>();
        for (var i = 0; i < Clients; i++)
        {
            var client = new TourClient(address);
            open.Add(client);
            var answer = await client.GetAsync("/connection", cancellation);
            seen.Add((answer.Replica, answer.Body?.GetProperty("connection").GetString()));
        }

        return seen.Count;
    }
}
