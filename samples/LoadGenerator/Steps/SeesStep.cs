using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration.Statistics;
using LoadGenerator.Clients;
using LoadGenerator.Output;

namespace LoadGenerator.Steps;

/// <summary>Layer 4 has addresses and bytes; Layer 7 has the request.</summary>
internal sealed class SeesStep : IStep
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Added = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"];

    public string Name => "sees";

    public IReadOnlyList<string> Claim { get; } =
    [
        "Layer 4 sees addresses and counts bytes. It hands them on as they came, and could not say what was asked for.",
        "Layer 7 reads the request: it knows method, path and headers, chooses a route by them, and may add to them.",
    ];

    public async Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation)
    {
        var sent = Encoding.ASCII.GetBytes("GET /headers HTTP/1.1\r\nHost: tour\r\n\r\n");
        using var client = new TcpClient();
        await client.ConnectAsync(balancers.Options.Wire.Host, balancers.Options.Wire.Port, cancellation);
        await client.GetStream().WriteAsync(sent, cancellation);
        var received = await client.GetStream().ReadAsync(new byte[4096], cancellation);
        var row = await FindAsync(balancers, client, sent.Length, received, cancellation);
        report.Line("GET /headers through Layer 4. All that the balancer has of it is a row of its connection table:");
        report.Table(
            ["client", "backend", "bytes to backend", "bytes to client"],
            [row.Client, row.Backend ?? "-", Text(row.BytesToBackend), Text(row.BytesToClient)]);
        report.Line();

        using var direct = new TourClient(balancers.Options.Wire);
        using var routed = new TourClient(balancers.Options.Edge);
        var before = await balancers.Edge.GetRouteAsync("default", cancellation);
        var relayed = HeadersOf(await direct.GetAsync("/headers", cancellation));
        var forwarded = HeadersOf(await routed.GetAsync("/headers", cancellation));
        var after = await balancers.Edge.GetRouteAsync("default", cancellation);
        report.Line($"GET /headers through Layer 7. It matched the route '{after.Name}' ({after.Path}), pool '{after.Pool}', and the replica sees:");
        report.Table([.. forwarded.Select(header => (string[])[header.Key, header.Value])]);
        report.Line();

        report.Expect("bytes that Layer 4 counted of the request", row.BytesToBackend, sent.Length);
        report.Expect("bytes that Layer 4 counted of the answer", row.BytesToClient, received, null);
        report.Expect("headers that Layer 4 added", Added.Count(relayed.ContainsKey), 0);
        report.Expect("headers that Layer 7 added", Added.Count(forwarded.ContainsKey), Added.Length);
        report.Expect("requests that Layer 7 counted at the route", after.Requests - before.Requests, 1, null);
    }

    private static Dictionary<string, string> HeadersOf(Answer answer) => answer.Body is { } body && body.TryGetProperty("headers", out var headers)
        ? headers.EnumerateObject().ToDictionary(header => header.Name, header => header.Value.GetString()!, StringComparer.OrdinalIgnoreCase)
        : throw new TourException($"GET /headers was answered with {(int)answer.Status}");

    // The balancer counts bytes when it has handed them on.
    private static async Task<ConnectionStatistics> FindAsync(Balancers balancers, TcpClient client, int sent, int received, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        var port = string.Create(CultureInfo.InvariantCulture, $":{((System.Net.IPEndPoint)client.Client.LocalEndPoint!).Port}");
        while (true)
        {
            var row = (await balancers.Wire.GetStatisticsAsync(cancellation)).Layer4.Connections
                .FirstOrDefault(row => row.Listener == Topology.Listener && row.Client.EndsWith(port, StringComparison.Ordinal));
            if ((row?.BytesToBackend >= sent && row.BytesToClient >= received) || Stopwatch.GetElapsedTime(since) > Patience)
            {
                return row ?? throw new TourException("the connection is not in wire's table");
            }

            await Task.Delay(50, cancellation);
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
