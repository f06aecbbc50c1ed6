using System.Globalization;
using Peers.Machine;
using Peers.Processes;

namespace Peers.Loads;

/// <summary>HTTP/1.1 requests from wrk, as many as it gets answered.</summary>
internal sealed class WrkLoad(string path, string scheme = "http", bool newConnections = false) : ILoad
{
    private const int Connections = 64;

    // As many as cores; each serves half of the connections.
    private const int Threads = 2;

    public string? Program => "wrk";

    public string WorkUnit => newConnections ? "connections" : "requests";

    public IReadOnlyList<Figure> Figures { get; } = [new(newConnections ? "connections a second" : "requests a second", "/s", HigherIsBetter: true)];

    public async Task<LoadResult> RunAsync(LoadRun run, CancellationToken cancellation)
    {
        List<string> arguments =
        [
            "--connections", Text(Connections), "--threads", Text(Threads), "--duration", $"{Text(run.Seconds)}s",
            $"{scheme}://127.0.0.1:{Text(run.Port)}{path}",
        ];
        if (newConnections)
        {
            arguments.InsertRange(0, ["--header", "Connection: close"]);
        }

        var result = WrkOutput.Parse(await run.Tools.RunAsync(new Command(Programs.Find("wrk")!, arguments), cancellation));
        return new(result.Requests, [result.RequestsPerSecond], result.Problem);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
