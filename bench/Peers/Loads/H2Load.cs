using System.Globalization;
using Peers.Machine;
using Peers.Processes;

namespace Peers.Loads;

/// <summary>HTTP/2 requests with prior knowledge from h2load, as many as it gets answered.</summary>
internal sealed class H2Load(string path) : ILoad
{
    private const string Connections = "16";
    private const string StreamsEach = "4";

    // As many as cores.
    private const string Threads = "2";

    public string? Program => "h2load";

    public string WorkUnit => "requests";

    public IReadOnlyList<Figure> Figures { get; } = [new("requests a second", "/s", HigherIsBetter: true)];

    public async Task<LoadResult> RunAsync(LoadRun run, CancellationToken cancellation)
    {
        var command = new Command(
            Programs.Find("h2load")!,
            "--clients", Connections, "--max-concurrent-streams", StreamsEach, "--threads", Threads,
            "--duration", run.Seconds.ToString(CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{run.Port}{path}"));
        var result = H2LoadOutput.Parse(await run.Tools.RunAsync(command, cancellation));
        return new(result.Requests, [result.RequestsPerSecond], result.Problem);
    }
}
